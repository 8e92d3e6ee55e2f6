// SPDX-License-Identifier: Apache-2.0
// `vigil resume`.

import ArgumentParser
import FileQueue
import QueueModel
import SystemKit

/// Let a paused worker start tasks again.
struct WorkerResume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a paused worker start tasks again.",
        discussion: """
            Resuming a worker that is not paused does no harm.

            Example:
              vigil resume marie
            """
    )

    @Argument(help: "The worker.", transform: { try WorkerID($0) })
    var worker: WorkerID
    @OptionGroup
    var queue: QueueOptions

    func run() throws {
        let echo = try WorkerEcho(worker, queue)
        let wasPaused: Bool
        do {
            wasPaused = try ControlRequests(locations: echo.locations).resume(worker)
        } catch { throw CommandFailure(error) }
        if let absence = try echo.absence() {
            Output.note(absence)
        } else {
            _ = try echo.heartbeat { $0.status != .paused }
        }
        Output.write(Array((wasPaused ? "\(worker) is resumed\n" : "\(worker) was not paused\n").utf8))
    }
}
