// SPDX-License-Identifier: Apache-2.0
// The directories that a queue consists of.

package import FileQueue
package import QueueModel

/// The public directories of a queue, as producers and consumers know them.
package struct QueueLayout: Sendable {
    /// The first-level directories.
    package let top: [String]
    /// The directories of single workers, and that of the orchestrator's notifications.
    package let inner: [String]

    /// Lists the directories.
    /// - Parameters:
    ///   - locations: The paths.
    ///   - workers: The workers.
    package init(locations: QueueLocations, workers: [WorkerID]) {
        top = [
            locations.tasks, locations.triggers, locations.results, locations.heartbeats, locations.deadLetters,
            locations.pipes,
        ]
        let parents = [locations.tasks, locations.triggers, locations.results, locations.deadLetters]
        inner =
            workers.flatMap { worker in parents.map { "\($0)/\(worker)" } } + ["\(locations.triggers)/orchestrator"]
    }

    /// All directories, those above first.
    package var all: [String] { top + inner }
}
