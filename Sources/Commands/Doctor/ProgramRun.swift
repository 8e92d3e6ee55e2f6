// SPDX-License-Identifier: Apache-2.0
// Runs a program for a moment to see what it says.

import Agents
import Supervision
import SystemKit

/// What a short run of a program came to.
enum ProgramAnswer: Sendable {
    /// It ended, and this was the first line that it wrote.
    case ended(ExitStatus, String)
    /// It was killed when the time was over.
    case tookTooLong
    /// It could not be started.
    case notStarted(SystemCallError)
}

/// A program that runs for a moment, without input.
enum ProgramRun {
    private static let kill: Int32 = 9
    /// More than a line that says a version.
    private static let shownBytes = 4096
    private static let shownCharacters = 120

    /// Runs a program; nothing of it is left afterwards.
    /// - Parameters:
    ///   - path: Its file.
    ///   - invocation: Its arguments and environment, which is marked with `runID`.
    ///   - limit: How long it may take.
    ///   - runID: The mark of its processes.
    ///   - reactor: Waits for its end; this is called on it.
    /// - Returns: What it came to.
    static func run(
        _ path: String,
        _ invocation: AgentInvocation,
        within limit: Duration,
        runID: String,
        on reactor: Reactor
    ) async -> ProgramAnswer {
        do throws(SystemCallError) {
            let input = try MemoryFile.make([])
            let output = try MemoryFile.make([])
            let errors = try MemoryFile.make([])
            let pid = try spawnDetached(
                path: path,
                arguments: invocation.arguments,
                environment: invocation.environment,
                descriptors: [input.rawValue, output.rawValue, errors.rawValue]
            )
            let process = try pidfdOpen(pid)
            let hasEnded = await end(of: process.rawValue, within: limit, on: reactor)
            if !hasEnded {
                // It has ended in this moment; then there is nothing to kill.
                try? sendSignal(kill, toProcess: process)
            }
            await reactor.offload { _ = ProcessTree.killMarked(runID: runID) }
            // Not waited for: a program that hangs on a broken disk does not die before the disk answers.
            guard hasEnded, let status = try reap(pid, nohang: true) else { return .tookTooLong }
            var lines = firstLine(try output.read(at: 0, count: shownBytes))
            if lines.isEmpty { lines = firstLine(try errors.read(at: 0, count: shownBytes)) }
            return .ended(status, lines)
        } catch { return .notStarted(error) }
    }

    /// Returns false when the time was over first.
    private static func end(of descriptor: Int32, within limit: Duration, on reactor: Reactor) async -> Bool {
        await withCheckedContinuation { continuation in
            let timer = reactor.schedule(at: ContinuousClock.now.advanced(by: limit)) {
                reactor.unwatch(descriptor)
                continuation.resume(returning: false)
            }
            do throws(SystemCallError) {
                try reactor.watch(descriptor, for: .read) { _ in
                    reactor.unwatch(descriptor)
                    reactor.cancel(timer)
                    continuation.resume(returning: true)
                }
            } catch {
                // Out of kernel memory for one more watch; the program is given no time.
                reactor.cancel(timer)
                continuation.resume(returning: false)
            }
        }
    }

    private static func firstLine(_ bytes: [UInt8]) -> String {
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        let line = lines.first { !$0.allSatisfy(\.isWhitespace) } ?? ""
        return printable(String(line.prefix(shownCharacters)))
    }
}
