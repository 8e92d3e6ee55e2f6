// SPDX-License-Identifier: Apache-2.0
// Notices the results that queued tasks wait for, of whichever worker.

import FileQueue
import Logging
import QueueModel
import SystemKit

extension Worker {
    /// Looks at every result that is waited for, since events can be lost; without any, nothing is watched.
    func checkDependencies() {
        let wanted = scheduler.wantedDependencies
        if wanted.isEmpty {
            for watch in resultWatches.values { watcher?.remove(watch) }
            resultWatches = [:]
            return
        }
        watchResults()
        for id in wanted { checkDependency(id) }
    }

    /// Watches the results of all workers; what comes from now on is noticed.
    func watchResults() {
        do throws(SystemCallError) {
            for (worker, directory) in try queue.shelf.directories() where resultWatches[worker] == nil {
                resultWatches[worker] = try watcher?.add(directory) { event in
                    self.assumeIsolated { $0.handleResult(event) }
                }
            }
        } catch {
            raise(.watcher, "\(error); results of others are noticed every \(configuration.scanInterval)")
        }
    }

    private func handleResult(_ event: DirectoryEvent) {
        switch event {
        case .settled(let name), .appeared(let name):
            guard name.hasSuffix(".json"), let id = TaskID(bytes: name.bytes.dropLast(5)), scheduler.isWanted(id)
            else { return }
            checkDependency(id)
            poke()
        case .overflow, .gone:
            requestScan()
        case .vanished:
            return
        }
    }

    private func checkDependency(_ id: TaskID) {
        do throws(SystemCallError) {
            guard let status = try queue.shelf.result(of: id)?.status else { return }
            dependencyEnded(id, status)
        } catch {
            logger.warning("result cannot be read", metadata: ["task_id": .string(id.string), "error": "\(error)"])
        }
    }

    /// Lets go, or gives up, what waited for a task.
    func dependencyEnded(_ id: TaskID, _ status: TaskStatus) {
        if status == .completed {
            scheduler.completed(id, now: now)
        } else {
            for entry in scheduler.failed(id) { giveUp(entry, becauseOf: id) }
        }
    }
}
