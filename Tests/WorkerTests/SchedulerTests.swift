// SPDX-License-Identifier: Apache-2.0
// The order in which tasks may start, as a table and by random schedules.

import FileQueue
import QueueModel
import SystemKit
import TestSupport
import Testing
import Worker

/// A clock that only a test moves.
private struct TestClock {
    var now = Moment(wall: Timestamp(millisecondsSince1970: 1_800_000_000_000), instant: .now)

    mutating func advance(_ duration: Duration) {
        now.wall = now.wall.adding(duration)
        now.instant = now.instant.advanced(by: duration)
    }
}

private func id(_ text: String) throws -> TaskID { try TaskID(text) }

private func task(_ name: String, queued: Timestamp, _ more: String = "") throws -> QueuedTask {
    let json = #"{"task_id":"\#(name)","description":"d"\#(more.isEmpty ? "" : "," + more)}"#
    let record = try TaskRecord.decode(Array(json.utf8), for: WorkerID("marie"), limits: TaskLimits())
    return QueuedTask(record, fileName: FileName(name + ".json"), queuedAt: queued)
}

private func started(_ scheduler: inout Scheduler, _ now: Moment) -> String? {
    if case .start(let entry) = scheduler.next(now: now) { entry.task.id.string } else { nil }
}

@Suite("Scheduler")
struct SchedulerTests {
    @Test func higherPriorityStartsFirstThenTheOlderTask() throws {
        var scheduler = Scheduler(aging: .zero)
        let clock = TestClock()
        let base = clock.now.wall
        scheduler.enqueue(try task("late", queued: base), now: clock.now)
        scheduler.enqueue(try task("early", queued: base.adding(.seconds(-5))), now: clock.now)
        scheduler.enqueue(try task("urgent", queued: base, #""priority":"critical""#), now: clock.now)
        scheduler.enqueue(try task("low", queued: base.adding(.seconds(-99)), #""priority":"low""#), now: clock.now)
        var order: [String] = []
        while let next = started(&scheduler, clock.now) { order.append(next) }
        #expect(order == ["urgent", "early", "late", "low"])
    }

    @Test func upcomingTaskIsTheNextAndKeepsItsPlace() throws {
        var scheduler = Scheduler(aging: .zero)
        let clock = TestClock()
        #expect(scheduler.upcoming() == nil)
        scheduler.enqueue(try task("a", queued: clock.now.wall), now: clock.now)
        scheduler.enqueue(try task("b", queued: clock.now.wall), now: clock.now)
        scheduler.enqueue(try task("blocked", queued: clock.now.wall), unmet: [try id("x")], now: clock.now)
        scheduler.enqueue(
            try task("later", queued: clock.now.wall, #""priority":"critical""#),
            retryAt: clock.now.instant.advanced(by: .seconds(1)),
            now: clock.now
        )
        for name in ["a", "a"] { #expect(scheduler.upcoming()?.task.id.string == name) }
        #expect(scheduler.count == 4)
        scheduler.remove(try id("a"))
        #expect(scheduler.upcoming()?.task.id.string == "b")
        #expect(started(&scheduler, clock.now) == "b")
        #expect(scheduler.upcoming() == nil)
        #expect(started(&scheduler, clock.now) == nil)
    }

    @Test func waitingRaisesPriorityByOneStepPerAgingPeriod() throws {
        let clock = TestClock()
        // 50 steps of 60 s: a task of priority 0 that waited just over 50 minutes comes before a fresh one of 50.
        for (minutes, first) in [(49, "fresh"), (51, "old")] {
            var scheduler = Scheduler(aging: .seconds(60))
            let queued = clock.now.wall.adding(.seconds(-60 * minutes))
            scheduler.enqueue(try task("old", queued: queued), now: clock.now)
            scheduler.enqueue(try task("fresh", queued: clock.now.wall, #""priority":50"#), now: clock.now)
            #expect(started(&scheduler, clock.now) == first)
        }
    }

    @Test func notBeforeIsWaitedForAndNamed() throws {
        var scheduler = Scheduler(aging: .zero)
        var clock = TestClock()
        let time = clock.now.wall.adding(.seconds(90))
        scheduler.enqueue(try task("a", queued: clock.now.wall, #""not_before":"\#(time)""#), now: clock.now)
        #expect(scheduler.next(now: clock.now) == .wait(until: clock.now.instant.advanced(by: .seconds(90))))
        #expect(scheduler.waiting == [.notBefore: 1])
        clock.advance(.milliseconds(89_999))
        #expect(started(&scheduler, clock.now) == nil)
        clock.advance(.milliseconds(1))
        #expect(started(&scheduler, clock.now) == "a")
        #expect(scheduler.count == 0)
    }

    @Test func wallClockJumpMovesNotBeforeButNoRetry() throws {
        var scheduler = Scheduler(aging: .zero)
        var clock = TestClock()
        let time = clock.now.wall.adding(.seconds(3_600))
        scheduler.enqueue(try task("timed", queued: clock.now.wall, #""not_before":"\#(time)""#), now: clock.now)
        scheduler.enqueue(
            try task("retry", queued: clock.now.wall),
            isClaimed: true,
            retryAt: clock.now.instant.advanced(by: .seconds(30)),
            now: clock.now
        )
        clock.now.wall = clock.now.wall.adding(.seconds(7_200))
        scheduler.realign(now: clock.now)
        #expect(started(&scheduler, clock.now) == "timed")
        #expect(started(&scheduler, clock.now) == nil)
        clock.advance(.seconds(30))
        #expect(started(&scheduler, clock.now) == "retry")
    }

    @Test func expiredTaskIsGivenUpAndNotStarted() throws {
        var scheduler = Scheduler(aging: .zero)
        var clock = TestClock()
        let time = clock.now.wall.adding(.seconds(10))
        scheduler.enqueue(try task("a", queued: clock.now.wall, #""expires_at":"\#(time)""#), now: clock.now)
        clock.advance(.seconds(11))
        guard case .expire(let entry) = scheduler.next(now: clock.now) else {
            Issue.record("not expired")
            return
        }
        #expect(entry.task.id.string == "a")
        #expect(scheduler.next(now: clock.now) == .wait(until: nil))
    }

    @Test func expiredTaskIsGivenUpAlsoWhenNothingCanBeStarted() throws {
        var scheduler = Scheduler(aging: .zero)
        var clock = TestClock()
        let expiry = clock.now.wall.adding(.seconds(10))
        scheduler.enqueue(
            try task("soon", queued: clock.now.wall, #""expires_at":"\#(expiry)""#),
            now: clock.now
        )
        scheduler.enqueue(try task("never", queued: clock.now.wall), now: clock.now)
        #expect(scheduler.nextExpired(now: clock.now) == nil)
        #expect(scheduler.nextExpiry(clock.now) == clock.now.instant.advanced(by: .milliseconds(10_001)))
        clock.advance(.milliseconds(10_001))
        #expect(scheduler.nextExpired(now: clock.now)?.task.id == (try id("soon")))
        #expect(scheduler.nextExpired(now: clock.now) == nil)
        #expect(scheduler.count == 1)
    }

    @Test func taskThatIsPutBackKeepsItsPlaceInTheOrder() throws {
        var scheduler = Scheduler(aging: .zero)
        var clock = TestClock()
        let expiry = #""expires_at":"\#(clock.now.wall.adding(.seconds(10)))""#
        for name in ["first", "second"] {
            scheduler.enqueue(try task(name, queued: clock.now.wall, expiry), now: clock.now)
        }
        for _ in 1...3 {
            guard case .start(let entry) = scheduler.next(now: clock.now) else {
                Issue.record("nothing to start")
                return
            }
            #expect(entry.task.id == (try id("first")))
            scheduler.putBack(entry, now: clock.now)
        }
        #expect(scheduler.count == 2)
        clock.advance(.seconds(11))
        for name in ["first", "second"] {
            #expect(scheduler.nextExpired(now: clock.now)?.task.id == (try id(name)))
        }
    }

    @Test func dependentStartsOnlyWhenAllDependenciesHaveCompleted() throws {
        var scheduler = Scheduler(aging: .zero)
        let clock = TestClock()
        let waiting = try task("c", queued: clock.now.wall, #""dependencies":["a","b"]"#)
        scheduler.enqueue(waiting, unmet: [try id("a"), try id("b")], now: clock.now)
        #expect(scheduler.waiting == [.dependency: 1])
        scheduler.completed(try id("a"), now: clock.now)
        #expect(started(&scheduler, clock.now) == nil)
        scheduler.completed(try id("a"), now: clock.now)
        #expect(started(&scheduler, clock.now) == nil)
        scheduler.completed(try id("b"), now: clock.now)
        #expect(started(&scheduler, clock.now) == "c")
    }

    @Test func failedDependencyGivesUpItsDependents() throws {
        var scheduler = Scheduler(aging: .zero)
        let clock = TestClock()
        for name in ["b", "c"] {
            let dependent = try task(name, queued: clock.now.wall, #""dependencies":["a"]"#)
            scheduler.enqueue(dependent, unmet: [try id("a")], now: clock.now)
        }
        let given = scheduler.failed(try id("a"))
        #expect(given.map(\.task.id.string).sorted() == ["b", "c"])
        #expect(scheduler.count == 0)
        #expect(scheduler.waiting.isEmpty)
        #expect(!scheduler.isWanted(try id("a")))
    }

    @Test(arguments: [1, 2, 3, 500])
    func ringOfAnyLengthIsFoundWhenItCloses(length: Int) throws {
        var scheduler = Scheduler(aging: .zero)
        let clock = TestClock()
        for index in 0..<length {
            let next = "t\((index + 1) % length)"
            let member = try task("t\(index)", queued: clock.now.wall, #""dependencies":["\#(next)"]"#)
            scheduler.enqueue(member, unmet: [try id(next)], now: clock.now)
            if index < length - 1 { #expect(scheduler.cycle(through: try id("t\(index)")).isEmpty) }
        }
        let ring = scheduler.cycle(through: try id("t\(length - 1)"))
        #expect(Set(ring.map(\.string)) == Set((0..<length).map { "t\($0)" }))
    }

    @Test func ringThroughTasksElsewhereIsFound() throws {
        var scheduler = Scheduler(aging: .zero)
        let clock = TestClock()
        for (name, needed) in [("a", "x"), ("c", "a")] {
            scheduler.enqueue(
                try task(name, queued: clock.now.wall, #""dependencies":["\#(needed)"]"#),
                unmet: [try id(needed)],
                now: clock.now
            )
        }
        let (x, y) = (try id("x"), try id("y"))
        let c = try id("c")
        #expect(scheduler.cycle(through: try id("a")).isEmpty)
        #expect(scheduler.cycle(through: try id("a")) { $0 == x ? [y] : [] }.isEmpty)
        let ring = scheduler.cycle(through: try id("a")) { $0 == x ? [y] : $0 == y ? [y, c] : [] }
        #expect(ring.map(\.string).sorted() == ["a", "c", "x", "y"])
    }

    @Test func longChainWithoutRingIsNoRing() throws {
        var scheduler = Scheduler(aging: .zero)
        let clock = TestClock()
        for index in 0..<10_000 {
            let member = try task("t\(index)", queued: clock.now.wall, #""dependencies":["t\#(index + 1)"]"#)
            scheduler.enqueue(member, unmet: [try id("t\(index + 1)")], now: clock.now)
        }
        #expect(scheduler.cycle(through: try id("t0")).isEmpty)
    }

    @Test func replacedEntryStartsOnce() throws {
        var scheduler = Scheduler(aging: .zero)
        let clock = TestClock()
        scheduler.enqueue(try task("a", queued: clock.now.wall), now: clock.now)
        scheduler.enqueue(try task("a", queued: clock.now.wall, #""priority":5"#), now: clock.now)
        #expect(started(&scheduler, clock.now) == "a")
        #expect(started(&scheduler, clock.now) == nil)
    }

    @Test func randomSchedulesStartEveryTaskOnceAndNoneEarly() throws {
        var generator = SeededGenerator.fromEnvironment()
        let seed = generator.seed
        for round in 0..<200 {
            try runRandomSchedule(&generator, "seed \(seed), round \(round)")
        }
    }

    private func runRandomSchedule(_ generator: inout SeededGenerator, _ comment: Comment) throws {
        var scheduler = Scheduler(aging: .seconds(Int.random(in: 0...90, using: &generator)))
        var clock = TestClock()
        var readyAt: [String: Timestamp] = [:]
        var unmet: [String: Set<TaskID>] = [:]
        var seen: [String] = []
        for index in 0..<Int.random(in: 1...40, using: &generator) {
            let name = "t\(index)"
            let delay = Duration.milliseconds(Int.random(in: -1_000...5_000, using: &generator))
            let notBefore = clock.now.wall.adding(delay)
            var dependencies: Set<TaskID> = []
            for _ in 0..<Int.random(in: 0...2, using: &generator) where index > 0 {
                dependencies.insert(try id("t\(Int.random(in: 0..<index, using: &generator))"))
            }
            let list = dependencies.map { #""\#($0)""# }.joined(separator: ",")
            let more = #""not_before":"\#(notBefore)","dependencies":[\#(list)]"#
            let queued = try task(name, queued: clock.now.wall, more)
            scheduler.enqueue(queued, unmet: dependencies, now: clock.now)
            readyAt[name] = notBefore
            unmet[name] = dependencies
        }
        for _ in 0..<2_000 where seen.count < readyAt.count {
            switch scheduler.next(now: clock.now) {
            case .start(let entry):
                let name = entry.task.id.string
                #expect(try #require(readyAt[name]) <= clock.now.wall, comment)
                #expect(try #require(unmet[name]).isSubset(of: seen.map { try id($0) }), comment)
                seen.append(name)
                scheduler.completed(entry.task.id, now: clock.now)
            case .wait(let until):
                let next = try #require(until, comment)
                clock.advance(clock.now.instant.duration(to: next))
            case .expire:
                Issue.record(comment)
            }
        }
        #expect(Set(seen) == Set(readyAt.keys), comment)
        #expect(seen.count == readyAt.count, comment)
    }
}
