// SPDX-License-Identifier: Apache-2.0
// An orchestrator with its notifications, as a consumer sees them.

import Glibc
import QueueModel
import SystemKit
import TestSupport

extension DaemonFixture {
    /// Runs a test with an orchestrator, and checks that it ends as it should.
    static func orchestrating(
        _ settings: [String: String] = [:],
        prepare: (DaemonFixture) async throws -> Void = { _ in },
        _ body: (DaemonFixture) async throws -> Void
    ) async throws {
        let usual = ["WORKERS": "marie", "HEARTBEAT_INTERVAL": "1", "SETTLE_SECONDS": "0.2"]
        try await idle(usual.merging(settings) { _, own in own }) { options in
            options.arguments = ["orchestrator"]
        } _: { daemon in
            try await prepare(daemon)
            try await daemon.start()
            try await body(daemon)
            try await daemon.expectCleanEnd()
        }
    }

    /// Waits until there are notifications.
    ///
    /// - Parameters:
    ///   - what: What is waited for.
    ///   - isEnough: Whether all are there.
    /// - Returns: All notifications of the root, in their order.
    /// - Throws: `WaitFailure` when they do not come.
    @discardableResult
    func notifications(
        _ what: String,
        until isEnough: @escaping @Sendable ([NotificationRecord]) -> Bool
    ) async throws -> [NotificationRecord] {
        try await eventually(what, in: ["\(root)/triggers/orchestrator"]) { [root] in
            let found = try OutcomeMill.notifications(in: root)
            return isEnough(found) ? found : nil
        }
    }

    /// Waits for the first notification of a type.
    @discardableResult
    func notification(
        _ type: NotificationRecord.EventType,
        of task: String? = nil
    ) async throws -> NotificationRecord {
        let isWanted: @Sendable (NotificationRecord) -> Bool = { record in
            record.eventType == type && (task == nil || record.data["task_id"]?.stringValue == task)
        }
        let all = try await notifications("\(type.rawValue) \(task ?? "")") { $0.contains(where: isWanted) }
        return try all.first(where: isWanted) ?? { throw WaitForNothing() }()
    }

    private struct WaitForNothing: Error {}

    /// Puts a task file with an old time into the worker's inbox.
    func submitOld(_ id: String, age: Duration, worker: String = "marie") throws {
        let inbox = try Directory.create("\(root)/tasks/\(worker)")
        let task: JSONObject = ["task_id": .string(id), "description": "late"]
        try AtomicFile.write(
            JSONWriter.bytes(.object(task)),
            as: "aside.tmp",
            in: inbox,
            replacing: true,
            durability: .relaxed
        )
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let then = timespec(tv_sec: now.tv_sec - Int(age.components.seconds), tv_nsec: 0)
        guard utimensat(AT_FDCWD, "\(inbox.path)/aside.tmp", [then, then], 0) == 0 else {
            throw SystemCallError(call: "utimensat", errno: Errno(rawValue: errno), path: inbox.path)
        }
        try inbox.rename("aside.tmp", to: inbox, as: FileName("\(id).json"))
    }

    /// The orchestrator's snapshot, once it is as wanted.
    @discardableResult
    func snapshot(where isWanted: @escaping @Sendable (SnapshotRecord) -> Bool) async throws -> SnapshotRecord {
        try await eventually("snapshot", in: [root]) { [root] in
            guard let bytes = try Directory.open(root).read("orchestrator_state.json", limit: 1 << 24) else {
                return nil
            }
            let record = try SnapshotRecord.decode(bytes)
            return isWanted(record) ? record : nil
        }
    }
}
