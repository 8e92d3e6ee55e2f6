// SPDX-License-Identifier: Apache-2.0
// The lines of `vigil list`, for people and for programs.

import Commands
import QueueModel
import TestSupport
import Testing

@Suite("Rows of tasks")
struct TaskRowTests {
    private let now = Timestamp(iso8601: "2026-11-25T22:15:30Z") ?? .earliest

    private func rows() throws -> [TaskRow] {
        let marie = try WorkerID("marie")
        func row(
            _ id: String,
            _ state: TaskState,
            _ age: Int64,
            _ change: (inout TaskRow) throws -> Void
        ) throws -> TaskRow {
            var row = TaskRow(id: try TaskID(id), worker: marie, state: state, since: now.adding(.seconds(-age)))
            try change(&row)
            return row
        }
        var result = ResultRecord(taskID: try TaskID("done"), worker: marie, status: .completed, timestamp: now)
        result.attempts = [AttemptRecord(number: 1)]
        result.duration = .milliseconds(2500)
        result.group = try GroupName("night")
        return [
            TaskRow(result),
            try row("run", .running, 5) { $0.attempts = 2 },
            try row("alone", .running, 50) {
                $0.attempts = 1
                $0.waits = [.noDaemon("the daemon of marie is gone; start it: vigil up")]
            },
            try row("dep", .waiting, 70) {
                $0.waits = [.dependencies([.init(id: try TaskID("run"), state: "running")]), .paused]
                $0.queuedAt = now.adding(.seconds(-70))
            },
            try row("next", .queued, 80) { _ in },
            try row("bad", .failed, 7200) {
                $0.failure = Failure(reason: .exitCode, message: "it said \u{1B}[31mno", isPermanent: false)
                $0.attempts = 4
                $0.duration = .seconds(1)
            },
            try row("stopped", .cancelled, 400_000) {
                $0.failure = Failure(reason: .cancelled, message: "cancelled on request", isPermanent: true)
            },
        ]
    }

    @Test func peopleReadATable() throws {
        try Golden.expect(TaskRow.table(rows(), now: now, width: nil), "list.txt")
        try Golden.expect(TaskRow.table(rows(), now: now, width: 60), "list-60-columns.txt")
    }

    @Test func programsReadALineForEach() throws {
        let lines = try rows().map { JSONWriter.text($0.json) }
        try Golden.expect(lines.joined(separator: "\n"), "list.jsonl")
    }
}
