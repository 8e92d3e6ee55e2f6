// SPDX-License-Identifier: Apache-2.0
// Whether a worker's daemon is taken for alive, as a table.

import Commands
import QueueModel
import Testing

@Suite("Worker conditions")
struct WorkerConditionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var status: WorkerStatus? = .healthy
        var age = 4
        var isLocked = false
        var host: String? = "here"
        var pid: Int32? = 371
        let expected: WorkerCondition
        let testDescription: String

        init(_ testDescription: String, _ expected: WorkerCondition, _ change: (inout Row) -> Void = { _ in }) {
            self.testDescription = testDescription
            self.expected = expected
            change(&self)
        }
    }

    static let rows = [
        Row("lock and fresh heartbeat", .running) { $0.isLocked = true },
        Row("lock and heartbeat at the limit", .running) {
            $0.isLocked = true
            $0.age = 30
        },
        Row("lock and old heartbeat", .silent) {
            $0.isLocked = true
            $0.age = 31
        },
        Row("lock and the old heartbeat of a clean stop: it starts", .running) {
            $0.isLocked = true
            $0.status = .stopped
            $0.age = 9_000
        },
        Row("lock and no heartbeat yet", .running) {
            $0.isLocked = true
            $0.status = nil
        },
        Row("nothing at all", .absent) { $0.status = nil },
        Row("clean stop", .stopped) { $0.status = .stopped },
        Row("fresh heartbeat of this machine without a lock", .crashed),
        Row("old heartbeat of this machine without a lock", .crashed) { $0.age = 9_000 },
        Row("fresh heartbeat of another machine", .running) { $0.host = "there" },
        Row("old heartbeat of another machine", .gone) {
            $0.host = "there"
            $0.age = 31
        },
        Row("fresh heartbeat of the older system", .running) {
            $0.host = nil
            $0.pid = nil
        },
        Row("old heartbeat of the older system", .gone) {
            $0.host = nil
            $0.pid = nil
            $0.age = 31
        },
        Row("heartbeat of another machine from the future", .running) {
            $0.host = "there"
            $0.age = -7_200
        },
    ]

    @Test(arguments: rows)
    func lockAndHeartbeatDecide(row: Row) throws {
        let now = Timestamp(millisecondsSince1970: 1_800_000_000_000)
        var heartbeat: HeartbeatRecord?
        if let status = row.status {
            var record = HeartbeatRecord(
                worker: try WorkerID("marie"),
                status: status,
                timestamp: now.adding(.seconds(-row.age))
            )
            record.host = row.host
            record.pid = row.pid
            heartbeat = record
        }
        let condition = WorkerCondition(
            heartbeat: heartbeat,
            isLocked: row.isLocked,
            host: "here",
            interval: .seconds(10),
            now: now
        )
        #expect(condition == row.expected)
    }
}
