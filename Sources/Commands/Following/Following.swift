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

    /// Runs a command's waiting part on a reactor of its own.
    /// - Parameters:
    ///   - settings: The settings of the queue.
    ///   - body: What waits.
    /// - Returns: What `body` returns; nil when Ctrl-C came first.
    /// - Throws: What `body` throws, and a `CommandFailure` when there can be no reactor.
    static func run<Value: Sendable>(
        _ settings: VigilSettings,
        _ body: @escaping @Sendable (Following) async throws -> Value
    ) throws -> Value? {
        let interrupt = UnixSignal.sigint.rawValue
        // Before the first thread of the reactor, which inherits the mask.
        SignalSource.block([interrupt])
        let outcome = Mutex<Result<Value, any Error>?>(nil)
        do {
            let reactor = try Reactor()
            _ = reactor.runUntilComplete {
                do {
                    // What is awaited may be a reader that does not read: it is left where it is.
                    let signals = try SignalSource(signals: [interrupt], reactor: reactor) { _ in reactor.stop() }
                    defer { signals.stop() }
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
    /// - Throws: `SystemCallError`, and the exit code of `SIGPIPE` when nobody reads any more.
    func write(_ bytes: [UInt8], to stream: OutputStream) async throws {
        let result = await following.reactor.offload { () -> Result<Bool, SystemCallError> in
            Result { () throws(SystemCallError) in
                switch stream {
                case .standardOutput: try writeStandardOutput(bytes)
                case .standardError: try writeStandardError(bytes)
                }
            }
        }
        guard try result.get() else { throw ExitCode(128 + 13) }
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
