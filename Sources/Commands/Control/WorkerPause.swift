// SPDX-License-Identifier: Apache-2.0
// `vigil pause`.

import ArgumentParser
import FileQueue
import QueueModel
import SystemKit

/// Let a worker start nothing until it is resumed.
struct WorkerPause: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let a worker start nothing until it is resumed.",
        discussion: """
            What runs goes on, and tasks can still be submitted. A pause holds over
            restarts; without a daemon it holds from the next start.

            Example:
              vigil pause marie
            """
    )

    @Argument(help: "The worker.", transform: { try WorkerID($0) })
    var worker: WorkerID
    @OptionGroup
    var queue: QueueOptions

    func run() throws {
        let echo = try WorkerEcho(worker, queue)
        do {
            try ControlRequests(locations: echo.locations).pause(worker, now: .present())
        } catch { throw CommandFailure(error) }
        if let absence = try echo.absence() {
            Output.note("it starts paused: \(absence)")
            Output.write(Array("\(worker) is paused\n".utf8))
            return
        }
        let heartbeat = try echo.heartbeat { $0.status == .paused || $0.status == .draining }
        let running = heartbeat.activeTasks
        Output.write(
            Array((running == 0 ? "\(worker) is paused\n" : "\(worker) is paused; \(running) still run\n").utf8)
        )
    }
}
