// SPDX-License-Identifier: Apache-2.0
// Tells what has happened: a file for each event, and a line in the pipe.

import FileQueue
import Logging
import QueueModel
import SystemKit

extension Orchestrator {
    /// The most notifications that share their syncs.
    private static let batchSize = 500
    private static let retryDelay = Duration.seconds(1)
    private static let pruneInterval = Duration.seconds(3600)

    /// Sends events in order until the end, and then what is left.
    func sendOut() async {
        while true {
            let isLast = isIntakeOver
            do {
                try await removeOld()
                try await sendAll()
                clear("outbox")
                // The snapshot is for people: it comes when the news are out.
                try await writeSnapshot(evenIfFresh: isLast)
            } catch {
                raise("outbox", error)
                schedule(.retryOutbox, at: clock.now.advanced(by: Self.retryDelay)) { $0.outboxBell.ring() }
            }
            // What could not be sent by now is sent after the next start.
            if isLast { return }
            await outboxBell.wait()
        }
    }

    private func sendAll() async throws {
        while true {
            let store = clerk.store
            let events = try await reactor.offload { Result { try store.unsent(limit: Self.batchSize) } }.get()
            guard let last = events.last else { return }
            let files = events.map { event in
                Commit.Step.write(FileName(event.fileName), event.encoded(), notifications, replacing: true)
            }
            // Renamed in this order, all durable when it returns. A crash before they are marked sends them once more,
            // under the same names.
            try await committer.commit(Commit(phases: [files]))
            for event in events {
                metrics.sent(event.eventType)
                log(event)
                tellPipe(of: event)
            }
            try await reactor.offload { Result { try store.markSent(upTo: last.sequence) } }.get()
        }
    }

    /// Says what a person should know of; ends of tasks are their workers' to log.
    private func log(_ event: NotificationRecord) {
        var metadata: Logger.Metadata = [:]
        for (key, value) in event.data.members where key != "problems" {
            metadata[key] = .string(value.stringValue ?? JSONWriter.text(value))
        }
        switch event.eventType {
        case .taskTimeout: logger.warning("task overdue", metadata: metadata)
        case .workerUnhealthy: logger.warning("worker unhealthy", metadata: metadata)
        case .workerRecovered: logger.notice("worker recovered", metadata: metadata)
        case .groupCompleted: logger.info("group completed", metadata: metadata)
        case .usageLimited: logger.warning("usage limit reached", metadata: metadata)
        case .budgetExceeded: logger.warning("the day's money is spent", metadata: metadata)
        case .taskCompleted, .taskDeadLettered, .circuitOpened, .circuitClosed: break
        }
    }

    func makePipe() {
        do throws(SystemCallError) {
            let directory = try Directory.create(configuration.locations.pipes)
            try directory.ensurePipe("orchestrator", mode: 0o640)
            pipeDirectory = directory
        } catch { raise("pipe", error) }
    }

    /// Without a reader that keeps up, the event is missed there, and counted.
    private func tellPipe(of event: NotificationRecord) {
        guard let pipeDirectory else { return }
        if !pipe.send(event.encoded() + [UInt8(ascii: "\n")], in: pipeDirectory) { metrics.missed() }
    }

    // MARK: Old notifications

    private func removeOld() async throws {
        guard pruneAfter <= clock.now else { return }
        pruneAfter = clock.now.advanced(by: Self.pruneInterval)
        let time = Timestamp(
            millisecondsSince1970: now.millisecondsSince1970 - configuration.patience.retention.wholeMilliseconds
        )
        let (store, notifications, now) = (clerk.store, notifications, now)
        let removed = try await reactor.offload {
            Result {
                try store.removeEvents(before: time)
                return try notifications.removeNotifications(before: time, now: now)
            }
        }.get()
        if removed > 0 { logger.notice("old notifications removed", metadata: ["files": "\(removed)"]) }
    }
}

extension Directory {
    private static let junkAgeMilliseconds: Int64 = 86_400_000

    /// Removes notifications that nobody has taken, and what a crash left of one that was being written.
    fileprivate func removeNotifications(before time: Timestamp, now: Timestamp) throws(SystemCallError) -> Int {
        var names: [FileName] = []
        try self.names { name in
            if name.hasSuffix(".json") || name.hasPrefix(AtomicFile.temporaryPrefix) { names.append(name) }
            return true
        }
        var removed = 0
        for name in names {
            guard let status = try status(of: name), status.kind == .regular else { continue }
            let modified = status.modifiedNanoseconds / 1_000_000
            let isJunk = name.hasPrefix(AtomicFile.temporaryPrefix)
            let oldest = isJunk ? now.millisecondsSince1970 - Self.junkAgeMilliseconds : time.millisecondsSince1970
            if modified < oldest, try remove(name), !isJunk { removed += 1 }
        }
        return removed
    }
}
