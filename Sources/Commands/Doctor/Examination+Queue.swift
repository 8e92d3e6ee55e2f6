// SPDX-License-Identifier: Apache-2.0
// Reads what a queue's files say about its daemons, and what crashes left behind.

import FileQueue
import QueueModel
import Settings
import SystemKit

extension Examination {
    /// Reads the queue; what cannot be read becomes a finding, and a queue that is not there is none.
    func queueState() -> (state: QueueState?, findings: [Finding]) {
        do {
            // A view makes what is missing, and here nothing is to be made.
            for path in [locations.tasks, locations.claims, locations.results] {
                guard try HostPath.status(of: path)?.kind == .directory else { return (nil, []) }
            }
            let view = try QueueView(locations: locations)
            let served = try view.servedWorkers()
            var conditions: [(WorkerID, WorkerCondition)] = []
            var heartbeats: [WorkerID: HeartbeatRecord] = [:]
            for worker in try loaded.expectedWorkers(in: view) {
                let heartbeat = view.heartbeat(of: worker)
                let condition = WorkerCondition(
                    heartbeat: heartbeat,
                    isLocked: served.contains(worker),
                    host: host,
                    interval: loaded.settings(for: worker).heartbeatInterval,
                    now: now
                )
                heartbeats[worker] = heartbeat
                conditions.append((worker, condition))
            }
            let state = QueueState(
                conditions: conditions,
                heartbeats: heartbeats,
                claims: try view.surveyClaims(),
                leftovers: try view.leftovers(now: now),
                now: now
            )
            return (state, [])
        } catch {
            let remedy = "run vigil doctor as the user that the daemons run as"
            return (nil, [.problem("claims", "the queue cannot be read: \(error)", remedy: remedy)])
        }
    }
}
