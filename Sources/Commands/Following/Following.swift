// SPDX-License-Identifier: Apache-2.0
// The reactor of a command that waits, and Ctrl-C while it does.

import ArgumentParser
import FileQueue
import QueueModel
import ServiceLifecycle
import Settings
import Synchronization
import SystemKit

/// What a command that follows tasks works with, on the reactor's thread.
struct Following: Sendable {
    /// The loop.
    let reactor: Reactor
    /// Tells of changes; nil where there are no events.
    let watcher: DirectoryWatcher?
    /// The settings of the queue.
    let settings: VigilSettings

    /// Whom a command that waits is there for.
    enum Audience {
        /// Who reads standard output: without a reader there is nothing left to do.
        case reader
        /// Who asks for the exit code.
        case caller
    }

    /// The exit code of a process that `SIGPIPE` ended.
    static let readerGone = ExitCode(128 + 13)

    /// Keeps Ctrl-C for ``run(_:for:_:)``, for a command that has something to say about what it has done before.
    /// - Returns: The signals.
    @discardableResult
    static func holdInterrupts() -> [Int32] {
        // A shell's background job is not meant to be interrupted.
        let signals = [UnixSignal.sigint.rawValue].filter { !SignalSource.isIgnored($0) }
        SignalSource.block(signals)
        return signals
    }

    /// Runs a command's waiting part on a reactor of its own.
    /// - Parameters:
    ///   - settings: The settings of the queue.
    ///   - audience: Whom the command is there for.
    ///   - body: What waits.
    /// - Returns: What `body` returns; nil when Ctrl-C came first.
    /// - Throws: What `body` throws, ``readerGone``, and a `CommandFailure` when there can be no reactor.
    static func run<Value: Sendable>(
        _ settings: VigilSettings,
        for audience: Audience,
        _ body: @escaping @Sendable (Following) async throws -> Value
    ) throws -> Value? {
        // Before the first thread of the reactor, which inherits the mask.
        let signals = holdInterrupts()
        let outcome = Mutex<Result<Value, any Error>?>(nil)
        do {
            let reactor = try Reactor()
            _ = reactor.runUntilComplete {
                do {
                    // What is awaited may be a reader that does not read: it is left where it is.
                    let interrupts = try SignalSource(signals: signals, reactor: reactor) { _ in reactor.stop() }
                    defer { interrupts.stop() }
                    if audience == .reader {
                        watchReader(on: reactor) {
                            outcome.withLock { $0 = .failure(readerGone) }
                            reactor.stop()
                        }
                    }
                    // Without events there is the timer.
                    let watcher = try? DirectoryWatcher(forQueueAt: settings.taskDirectory, on: reactor)
                    defer { watcher?.stop() }
                    let value = try await body(Following(reactor: reactor, watcher: watcher, settings: settings))
                    outcome.withLock { $0 = .success(value) }
                } catch {
                    outcome.withLock { $0 = .failure(error) }
                }
                return 0
            }
        } catch { throw CommandFailure(error) }
        do {
            return try outcome.withLock { $0 }?.get()
        } catch let error as SystemCallError {
            throw CommandFailure(error)
        }
    }

    /// A pipe tells when its reader has gone, also while nothing is written.
    private static func watchReader(on reactor: Reactor, _ whenGone: @escaping @Sendable () -> Void) {
        // A file cannot be watched, and needs no reader.
        _ = try? reactor.watch(1, for: []) { readiness in
            if readiness.contains(.error) || readiness.contains(.hangUp) { whenGone() }
        }
    }

    /// Lets time pass, while events come in.
    func pause(for duration: Duration) async {
        await withCheckedContinuation { continuation in
            _ = reactor.schedule(at: ContinuousClock.now.advanced(by: duration)) { continuation.resume() }
        }
    }

    /// A follower's own waiter.
    func changes() -> QueueChanges { QueueChanges(reactor: reactor, watcher: watcher, settings: settings) }
}

/// Passes the output of attempts on as it is, and tells the person what happens.
final class OutputPipe {
    private let following: Following
    private var endsMidLine = false

    /// Makes a pipe to the standard streams.
    /// - Parameter following: Whose loop goes on while a reader keeps us waiting.
    init(_ following: Following) { self.following = following }

    /// Passes output on, each stream to that of its name.
    /// - Parameters:
    ///   - bytes: The output.
    ///   - stream: Where it was written, and where it goes.
    /// - Throws: `SystemCallError`, and ``Following/readerGone`` when nobody reads any more.
    func write(_ bytes: [UInt8], to stream: OutputStream) async throws {
        let result = await following.reactor.offload { () -> Result<Bool, SystemCallError> in
            Result { () throws(SystemCallError) in
                switch stream {
                case .standardOutput: try writeStandardOutput(bytes)
                case .standardError: try writeStandardError(bytes)
                }
            }
        }
        guard try result.get() else { throw Following.readerGone }
        endsMidLine = bytes.last != UInt8(ascii: "\n")
    }

    /// Tells the person something, on a line of its own also where output and talk share a terminal.
    /// - Parameter text: One line.
    func note(_ text: String) {
        let isShared = SystemInfo.isTerminal(1) && SystemInfo.isTerminal(2)
        Output.note((endsMidLine && isShared ? "\n" : "") + text)
        endsMidLine = false
    }

    /// Ends the last line where a person would otherwise see the next one behind it.
    func finish() {
        if endsMidLine && SystemInfo.isTerminal(1) && SystemInfo.isTerminal(2) { Output.note("") }
        endsMidLine = false
    }
}
