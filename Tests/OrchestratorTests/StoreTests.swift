// SPDX-License-Identifier: Apache-2.0
// The store on a file of its own.

import Orchestrator
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite struct StoreTests {
    private let patience = Patience()

    @Test func factsAndTheirEventsAreThereAfterAnotherOpening() throws {
        try withStore { store, location in
            let told = try store.apply(
                [.submitted(submitted("a")), .submitted(submitted("b")), .ended(ended("a"))],
                at: at(10),
                patience
            )
            #expect(told == 1)
            let again = try Store(location, sequencesAbove: 0, now: at(11))
            #expect(again.opening == .found)
            #expect(try again.task(TaskID("a"))?.state == .completed)
            #expect(try again.unsent(limit: 9).map(\.sequence) == [101])
            #expect(try again.counts().byWorker == [marie: [.completed: 1, .queued: 1]])
        }
    }

    @Test func countsFollowEveryChange() throws {
        try withStore { store, _ in
            let ids = (0..<20).map { "t\($0)" }
            try store.apply(ids.map { .submitted(try submitted($0)) }, at: at(0), patience)
            try store.apply(ids.prefix(9).map { .submitted(try submitted($0, isClaimed: true)) }, at: at(1), patience)
            #expect(try store.counts().byWorker[marie] == [.queued: 11, .running: 9])
            try store.apply(ids.prefix(5).map { .ended(try ended($0)) }, at: at(2), patience)
            try store.apply([.ended(ended("t5", .failed))], at: at(3), patience)
            #expect(try store.counts().byWorker[marie] == [.queued: 11, .running: 3, .completed: 5, .failed: 1])
            #expect(try store.checkDue(at: at(600), patience) == 14)
            #expect(try store.counts().overdue == 14)
            #expect(try store.counts().total == 20)
        }
    }

    @Test func sameFactsTwiceAreToldOnce() throws {
        try withStore { store, _ in
            let facts: [Fact] = [
                .submitted(try submitted("a")), .deadLettered(try deadLetter("a", .maxRetriesExceeded)),
                .ended(try ended("a", .failed)),
            ]
            #expect(try store.apply(facts, at: at(10), patience) == 2)
            let repeated: [Fact] = [.submitted(try submitted("a", hasResult: true))] + facts.dropFirst()
            #expect(try store.apply(repeated, at: at(11), patience) == 0)
            #expect(try store.unsent(limit: 9).map(\.eventType) == [.taskDeadLettered, .taskCompleted])
        }
    }

    @Test func eventsAreUnsentUntilTheyAreMarked() throws {
        try withStore { store, _ in
            for number in 0..<5 { try store.apply([.ended(ended("t\(number)"))], at: at(10), patience) }
            let first = try store.unsent(limit: 2)
            #expect(first.map(\.sequence) == [101, 102])
            try store.markSent(upTo: 102)
            #expect(try store.unsent(limit: 9).map(\.sequence) == [103, 104, 105])
            #expect(try store.unsentCount() == 3)
        }
    }

    @Test func sequenceGoesOnAfterAllEventsWereRemoved() throws {
        try withStore { store, location in
            try store.apply([.ended(ended("a"))], at: at(10), patience)
            try store.markSent(upTo: 101)
            try store.removeEvents(before: at(1000))
            let again = try Store(location, sequencesAbove: 0, now: at(0))
            try again.apply([.ended(ended("b"))], at: at(10), patience)
            #expect(try again.unsent(limit: 9).map(\.sequence) == [102])
        }
    }

    @Test func unsentEventIsNeverRemoved() throws {
        try withStore { store, _ in
            try store.apply([.ended(ended("a"))], at: at(10), patience)
            try store.removeEvents(before: at(1_000_000))
            #expect(try store.unsentCount() == 1)
        }
    }

    @Test func whatEndedBeforeTheRetentionIsKeptAndNotTold() throws {
        try withStore { store, _ in
            let late = at(8 * 86_400)
            let told = try store.apply([.ended(ended("a"))], at: late, patience)
            #expect(told == 0)
            #expect(try store.unsentCount() == 0)
            #expect(try store.task(TaskID("a"))?.state == .completed)
        }
    }

    @Test func overdueTasksAndCompleteGroupsAreFoundWhenDueOnce() throws {
        try withStore { store, _ in
            try store.apply(
                [.submitted(submitted("a", group: "g")), .submitted(submitted("b", group: "g", at: 5))],
                at: at(5),
                patience
            )
            #expect(try store.nextDue(patience) == at(600))
            try store.apply([.ended(ended("a", group: "g"))], at: at(10), patience)
            #expect(try store.nextDue(patience) == at(605))
            try store.apply([.ended(ended("b", .cancelled, group: "g", at: 20))], at: at(20), patience)
            #expect(try store.nextDue(patience) == at(22))
            #expect(try store.checkDue(at: at(21), patience) == 0)
            #expect(try store.checkDue(at: at(22), patience) == 1)
            #expect(try store.checkDue(at: at(99), patience) == 0)
            #expect(try store.nextDue(patience) == nil)
            let last = try #require(try store.unsent(limit: 9).last)
            #expect(last.eventType == .groupCompleted)
            #expect(last.data == ["group": "g", "tasks": 2, "completed": 1, "failed": 0, "cancelled": 1])
        }
    }

    @Test func aGroupCostsWhatItsTasksCost() throws {
        try withStore { store, location in
            try store.apply([.submitted(submitted("a", group: "g"))], at: at(1), patience)
            try store.apply([.ended(ended("a", group: "g", costUSD: 0.1))], at: at(2), patience)
            try store.apply([.ended(ended("b", .failed, group: "g", costUSD: 0.2))], at: at(3), patience)
            try store.apply([.ended(ended("c", group: "g"))], at: at(3), patience)
            // A second look at the same result, and another result of the same task.
            try store.apply([.ended(ended("b", .failed, group: "g", costUSD: 0.2))], at: at(4), patience)
            try store.apply([.ended(ended("a", group: "g", mark: 2, costUSD: 0.4))], at: at(5), patience)
            var reader = try HistoryReader(location)
            let group = try #require(try reader.group(GroupName("g")))
            #expect(group.use == TaskUse(microdollars: 600_000, tokens: 2002))
            #expect(try reader.task(TaskID("b"))?.use.costUSD == 0.2)
            #expect(try store.checkDue(at: at(100), patience) == 1)
            let last = try #require(try store.unsent(limit: 99).last)
            #expect(last.data["cost_usd"]?.doubleValue == 0.6)
            #expect(last.data["tokens"]?.intValue == 2002)
            // Run again, a task has cost nothing yet.
            try store.apply([.submitted(submitted("a", group: "g", at: 200))], at: at(200), patience)
            #expect(try reader.group(GroupName("g"))?.use.microdollars == 200_000)
        }
    }

    @Test func standingOfAWorkerIsWrittenWithItsEvents() throws {
        try withStore { store, location in
            var standing = WorkerStanding()
            standing.isUnhealthy = true
            let news = Announcement(.workerUnhealthy, at: at(1), ["worker": "marie"])
            try store.tell([news], of: marie, standing, at: at(1), patience)
            let again = try Store(location, sequencesAbove: 0, now: at(2))
            #expect(try again.standings() == [marie: standing])
            #expect(try again.unsent(limit: 9).map(\.eventType) == [.workerUnhealthy])
        }
    }

    @Test func latestAreTheOpenOnesAndThenTheLastEnded() throws {
        try withStore { store, _ in
            for number in 0..<6 {
                try store.apply([.ended(ended("e\(number)", at: Int64(number)))], at: at(9), patience)
            }
            try store.apply([.submitted(submitted("o"))], at: at(9), patience)
            #expect(try store.latest(4).map(\.id.string) == ["o", "e5", "e4", "e3"])
        }
    }

    @Test func oneMoreResultCostsTheSameHoweverLongTheHistoryIs() throws {
        try withStore { store, _ in
            var next = 0
            /// The cost of one result from the look at it to its notification, after so many others.
            func cost(after count: Int) throws -> Int {
                while next < count {
                    let ids = next..<min(count, next + 500)
                    try store.apply(ids.map { .ended(try ended("t\($0)", group: "g\($0 % 7)")) }, at: at(10), patience)
                    try store.checkDue(at: at(20), patience)
                    next = ids.upperBound
                }
                try store.markSent(upTo: .max)
                let before = store.steps()
                try store.apply([.ended(ended("t\(next)", group: "g1"))], at: at(10), patience)
                _ = try store.nextDue(patience)
                _ = try store.unsent(limit: 100)
                try store.markSent(upTo: .max)
                _ = try store.counts()
                next += 1
                return store.steps() - before
            }
            _ = try cost(after: 10)
            let short = try cost(after: 100)
            let long = try cost(after: 5_000)
            #expect(abs(long - short) * 20 < short, "\(short) and \(long) instructions")
        }
    }

    @Test func scanOfADirectoryIsRemembered() throws {
        try withStore { store, _ in
            #expect(try store.scannedChange(of: "/q") == nil)
            try store.noteScan(of: "/q", change: 7)
            #expect(try store.scannedChange(of: "/q") == 7)
            try store.noteScan(of: "/q", change: nil)
            #expect(try store.scannedChange(of: "/q") == nil)
        }
    }
}
