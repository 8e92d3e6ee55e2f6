// SPDX-License-Identifier: Apache-2.0
// `vigil scale`.

import ArgumentParser
import FileQueue
import QueueModel
import SystemKit

/// Change how many tasks a running worker runs at once.
struct WorkerScale: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Change how many tasks a running worker runs at once.",
        discussion: """
            Takes effect at once; what runs goes on. It holds until the worker reads its
            settings again or is restarted: to keep it, set MAX_CONCURRENT_TASKS.

            Example:
              vigil scale marie 8
            """
    )

    @Argument(help: "The worker.", transform: { try WorkerID($0) })
    var worker: WorkerID
    @Argument(help: ArgumentHelp("Tasks at once, 1 to 256.", valueName: "n"))
    var slots: Int
    @OptionGroup
    var queue: QueueOptions

    func validate() throws {
        let range = WorkerSlots.range
        guard range.contains(slots) else {
            throw ValidationError("<n>: must be from \(range.lowerBound) to \(range.upperBound), not \(slots)")
        }
    }

    func run() throws {
        let echo = try WorkerEcho(worker, queue)
        let (asked, slots) = (Timestamp.present(), slots)
        try echo.send(["command": "scale", "max_concurrent": .integer(slots)])
        _ = try echo.heartbeat { $0.maxConcurrent == slots && $0.timestamp >= asked }
        Output.write(Array("\(worker) runs up to \(slots) \(slots == 1 ? "task" : "tasks") at once\n".utf8))
    }
}
