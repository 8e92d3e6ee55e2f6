// SPDX-License-Identifier: Apache-2.0
// `vigil drain`.

import ArgumentParser
import FileQueue
import QueueModel
import SystemKit

/// Let a worker finish what runs, and stop.
struct WorkerDrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Let a worker finish what runs, and stop.",
        discussion: """
            As SIGTERM does, for one worker: it takes no new task, gives what runs
            DRAIN_TIMEOUT, leaves the rest to its supervisors, and stops. Under
            `vigil up` the other workers go on. Returns when the worker drains.

            Example:
              vigil drain marie
            """
    )

    @Argument(help: "The worker.", transform: { try WorkerID($0) })
    var worker: WorkerID
    @OptionGroup
    var queue: QueueOptions

    func run() throws {
        let echo = try WorkerEcho(worker, queue)
        let asked = Timestamp.present()
        try echo.send(["command": "drain"])
        let heartbeat = try echo.heartbeat {
            $0.status == .draining || $0.status == .stopped && $0.timestamp >= asked
        }
        let running = heartbeat.activeTasks
        let state = heartbeat.status == .stopped ? "has stopped" : "drains; \(running) still run"
        Output.write(Array("\(worker) \(state)\n".utf8))
    }
}
