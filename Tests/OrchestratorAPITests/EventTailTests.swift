// SPDX-License-Identifier: Apache-2.0
// Events that many follow.

import APITestSupport
import HTTPServer
import OrchestratorAPI
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite struct EventTailTests {
    /// A tail on a reactor of its own.
    private static func with(
        most: Int = 1024,
        _ body: @Sendable (EventTail, JournalOperations, ChangeBell) async throws -> Void
    ) async throws {
        try await onReactor { reactor in
            let (journal, bell) = (JournalOperations(), ChangeBell(reactor: reactor))
            let lane = BlockingLane(reactor: reactor)
            try await body(EventTail(operations: journal, lane: lane, bell: bell, most: most), journal, bell)
        }
    }

    private static func sequences(_ entries: [EventTail.Entry]) -> [Int64] { entries.map(\.event.sequence) }

    @Test func everyEventComesOnceAndInOrder() async throws {
        try await Self.with(most: 4) { tail, journal, bell in
            journal.add()
            var got: [Int64] = []
            for round in 0..<20 {
                for _ in 0..<(round % 5) { journal.add() }
                bell.ring()
                while (got.last ?? 0) < Int64(try journal.lastSequence()) {
                    got += Self.sequences(try await tail.next(after: got.last ?? 0, waiting: .seconds(3600)))
                }
            }
            let newest = try journal.lastSequence()
            #expect(got == Array(1...newest))
        }
    }

    @Test func historyIsReadOnceForAllWhoFollow() async throws {
        try await Self.with { tail, journal, bell in
            _ = try await tail.next(after: 0, waiting: .zero)
            let reads = journal.reads
            let followers = (0..<50).map { _ in
                Task(executorPreference: bell.reactor) { try await tail.next(after: 0, waiting: .seconds(3600)) }
            }
            journal.add()
            bell.ring()
            for follower in followers { #expect(try await Self.sequences(follower.value) == [1]) }
            // One look may have come between the event and the ring, which says that there may be more.
            #expect(journal.reads - reads <= 3)
        }
    }

    @Test func whoIsFarBehindGetsAllFromTheHistory() async throws {
        try await Self.with(most: 2) { tail, journal, bell in
            _ = try await tail.next(after: 0, waiting: .zero)
            for _ in 0..<9 {
                journal.add()
                bell.ring()
                _ = try await tail.next(after: try journal.lastSequence() - 1, waiting: .seconds(3600))
            }
            let got1 = Self.sequences(try await tail.next(after: 0, waiting: .zero))
            #expect(got1 == Array(1...9))
            let got2 = Self.sequences(try await tail.next(after: 8, waiting: .zero))
            #expect(got2 == [9])
        }
    }

    @Test func waitEndsWithItsTimeWhateverRings() async throws {
        try await Self.with { tail, _, bell in
            bell.ring()
            let got = try await tail.next(after: 0, waiting: .milliseconds(5))
            #expect(got.isEmpty)
        }
    }

    @Test func historyThatCannotBeReadIsToldAndReadAgain() async throws {
        try await Self.with { tail, journal, _ in
            journal.add()
            journal.fail(.notFound)
            await #expect(throws: HTTPError.self) { try await tail.next(after: 0, waiting: .seconds(3600)) }
            journal.fail(nil)
            let got3 = Self.sequences(try await tail.next(after: 0, waiting: .seconds(3600)))
            #expect(got3 == [1])
        }
    }

    @Test func frameAndRowHoldTheEvent() async throws {
        try await Self.with { tail, journal, _ in
            journal.add()
            let entry = try #require(try await tail.next(after: 0, waiting: .seconds(3600)).first)
            #expect(entry.row == entry.event.encoded(asRow: true))
            var bytes = entry.frame
            let frame = try #require(ServerFrame.take(from: &bytes))
            #expect(bytes.isEmpty)
            #expect(frame.text == #"{"type":"event","event":\#(String(decoding: entry.row, as: UTF8.self))}"#)
        }
    }
}

@Suite struct EventFilterTests {
    private func event(_ type: NotificationRecord.EventType, _ data: JSONObject) -> NotificationRecord {
        NotificationRecord(eventType: type, timestamp: .earliest, sequence: 1, data: data)
    }

    @Test func everythingThatIsSaidHasToFit() throws {
        let done = event(.taskCompleted, ["task_id": "t1", "worker": "marie", "group": "g"])
        #expect(EventFilter().includes(done))
        var filter = EventFilter()
        filter.types = [.taskCompleted, .taskTimeout]
        filter.worker = try WorkerID("marie")
        filter.task = try TaskID("t1")
        filter.group = try GroupName("g")
        #expect(filter.includes(done))
        #expect(!filter.includes(event(.groupCompleted, ["group": "g"])))
        #expect(!filter.includes(event(.taskTimeout, ["task_id": "t1", "worker": "marie"])))
        #expect(!filter.includes(event(.taskTimeout, ["task_id": "t2", "worker": "marie", "group": "g"])))
        #expect(!filter.includes(event(.taskTimeout, ["task_id": 1, "worker": "marie", "group": "g"])))
    }
}
