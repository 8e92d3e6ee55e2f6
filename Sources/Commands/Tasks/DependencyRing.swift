// SPDX-License-Identifier: Apache-2.0
// Tasks that need each other, found before they are submitted.

import FileQueue
package import QueueModel
import SystemKit

/// Finds tasks that could never start, since their dependencies lead back to them.
package enum DependencyRing {
    /// Finds a ring.
    /// - Parameters:
    ///   - tasks: What each new task needs.
    ///   - elsewhere: What a task needs that is not among them; asked once for each.
    /// - Returns: The members of a ring that a new task is part of, each one needing the next; empty when there is none.
    /// - Throws: What `elsewhere` throws.
    package static func find<Failure: Error>(
        among tasks: [(id: TaskID, needs: [TaskID])],
        elsewhere: (TaskID) throws(Failure) -> [TaskID]
    ) throws(Failure) -> [TaskID] {
        let new = Dictionary(tasks.map { ($0.id, $0.needs) }) { first, _ in first }
        var finished: Set<TaskID> = []
        for task in tasks where !finished.contains(task.id) {
            // A path of tasks, each needing the next, with what of each is still to be looked at.
            var path = [(id: task.id, rest: task.needs[...])]
            var places = [task.id: 0]
            while let last = path.last {
                guard let next = last.rest.first else {
                    finished.insert(last.id)
                    places[last.id] = nil
                    path.removeLast()
                    continue
                }
                path[path.count - 1].rest.removeFirst()
                if let place = places[next] {
                    let ring = path[place...].map(\.id)
                    if ring.contains(where: { new[$0] != nil }) { return ring }
                } else if !finished.contains(next) {
                    var needs = new[next]
                    if needs == nil { needs = try elsewhere(next) }
                    places[next] = path.count
                    path.append((next, (needs ?? [])[...]))
                }
            }
        }
        return []
    }

    /// Refuses tasks that could never start, alone or with what is queued already.
    ///
    /// Of the queued ones those are seen whose files are named for them; the worker sees the others.
    /// - Parameters:
    ///   - tasks: The tasks, before anything of them is submitted.
    ///   - locations: The queue.
    ///   - lines: Where in a batch they stand; none for a single task.
    /// - Throws: `CommandFailure` that names the ring.
    static func refuse(_ tasks: [TaskRecord], in locations: QueueLocations, lines: [TaskBatch.Line] = []) throws {
        guard tasks.contains(where: { !$0.dependencies.isEmpty }) else { return }
        let ring: [TaskID]
        do {
            let view = try QueueView(locations: locations)
            ring = try find(among: tasks.map { ($0.id, $0.dependencies) }) { id throws(SystemCallError) in
                guard case .queued(let task, _, _)? = try view.findQueuedUnderItsName(id) else { return [] }
                return task.dependencies
            }
        } catch { throw CommandFailure(error) }
        guard !ring.isEmpty else { return }
        let numbers = Dictionary(lines.map { ($0.task.id, $0.number) }) { first, _ in first }
        let names = (ring + ring.prefix(1)).map { id in numbers[id].map { "\(id) (line \($0))" } ?? id.string }
        throw CommandFailure(
            .badData,
            "nothing was submitted: tasks would need each other in a ring, and never start: "
                + "\(names.joined(separator: " → ")); leave one of these dependencies out"
        )
    }
}
