// SPDX-License-Identifier: Apache-2.0
// Says when it is worth looking at a task's files again.

import FileQueue
import QueueModel
import Settings
import SystemKit

/// Waits for changes of a task's files: by inotify where there is any, and by a timer for what no event tells.
///
/// Everything happens on the reactor's thread. Watch first and look then, and nothing is missed.
final class QueueChanges {
    private let reactor: Reactor
    private let watcher: DirectoryWatcher?
    private let bell = Doorbell()
    private let scanInterval: Duration
    private let pollInterval: Duration
    /// Whether every directory that was asked for is watched.
    private var isComplete: Bool
    private var watches: [WatchID] = []

    /// Makes a waiter without any watch yet.
    /// - Parameters:
    ///   - reactor: The loop that waits.
    ///   - watcher: Tells of changes; nil where there are no events.
    ///   - settings: How often to look where there are events, and where there are none.
    init(reactor: Reactor, watcher: DirectoryWatcher?, settings: VigilSettings) {
        self.reactor = reactor
        self.watcher = watcher
        isComplete = watcher != nil
        scanInterval = settings.scanInterval
        pollInterval = settings.pollInterval
    }

    /// Watches a directory of the queue.
    /// - Parameters:
    ///   - directory: Which.
    ///   - isWanted: The names whose changes matter.
    func watch(_ directory: Directory, for isWanted: @escaping @Sendable (FileName) -> Bool) {
        watch(directory, ringing: .queue, for: isWanted)
    }

    /// Watches a directory of output: what appears in it, and what is written to its files.
    /// - Parameter directory: Which.
    func watchOutput(in directory: Directory) {
        watch(directory, ringing: .output) { _ in true }
        add { watcher, bell throws(SystemCallError) in
            try watcher.watchWrites(in: directory) { _ in bell.ring(.output) }
        }
    }

    private func watch(
        _ directory: Directory,
        ringing reason: Doorbell.Reasons,
        for isWanted: @escaping @Sendable (FileName) -> Bool
    ) {
        add { watcher, bell throws(SystemCallError) in
            try watcher.add(directory) { event in
                switch event {
                case .settled(let name), .appeared(let name), .vanished(let name):
                    if isWanted(name) { bell.ring(reason) }
                case .overflow, .gone: bell.ring([.queue, .output])
                }
            }
        }
    }

    private func add(_ watch: (DirectoryWatcher, Doorbell) throws(SystemCallError) -> WatchID) {
        guard let watcher else { return }
        do throws(SystemCallError) {
            watches.append(try watch(watcher, bell))
        } catch {
            // The user's watches are used up, or the directory is gone: from now on the timer has to do.
            isComplete = false
        }
    }

    /// Makes the next wait return at once, because there is more output than was read.
    func readOn() { bell.ring(.output) }

    /// Waits until something may have changed since the last wait.
    /// - Parameter deadline: When to look again in any case.
    /// - Returns: What.
    func next(until deadline: ContinuousClock.Instant? = nil) async -> Doorbell.Reasons {
        let interval = isComplete ? scanInterval : min(pollInterval, scanInterval)
        let latest = ContinuousClock.now.advanced(by: interval)
        let timer = reactor.schedule(at: min(latest, deadline ?? latest)) { [bell] in
            bell.ring([.queue, .output])
        }
        defer { reactor.cancel(timer) }
        return await bell.wait()
    }

    /// Does work that may block, such as writing to a pipe, while the loop goes on.
    func offload<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await reactor.offload(work)
    }

    /// Ends all watches.
    func stop() {
        for watch in watches { watcher?.remove(watch) }
        watches = []
    }
}
