// SPDX-License-Identifier: Apache-2.0
// How ended tasks are spread over time.

import Orchestrator
import QueueModel
import TestSupport
import Testing

@Suite struct TimelineTests {
    /// The fixed start of the fixtures lies on a whole minute.
    private let empty = Timeline(endingAt: at(119), step: .seconds(60), count: 3)

    private func ending(_ seconds: Int64, _ state: TaskState = .completed, run: Int64? = 2) -> Timeline.Ending {
        Timeline.Ending(at: at(seconds), state: state, submittedAt: at(seconds - 10), run: run.map { .seconds($0) })
    }

    @Test func lastStepHoldsThePresent() {
        #expect(empty.start == at(-60))
        #expect(empty.end == at(120))
        #expect(empty.start(of: 2) == at(60))
        #expect(empty.steps.count == 3)
        #expect(empty.steps.allSatisfy { $0.ended.isEmpty && $0.run == nil && $0.life == nil })
    }

    @Test func endCountsInItsStepAlone() {
        var line = empty
        for seconds: Int64 in [-61, -60, -1, 0, 119, 120] { line.add(ending(seconds)) }
        line.add(ending(60, .failed))
        #expect(line.steps.map { $0.ended[.completed] ?? 0 } == [2, 1, 1])
        #expect(line.steps.map { $0.ended[.failed] ?? 0 } == [0, 0, 1])
    }

    @Test func spreadIsTheNearestRank() throws {
        var line = empty
        for run: Int64 in (1...20).reversed() { line.add(ending(0, run: run)) }
        line.add(ending(1, .cancelled, run: nil))
        let run = try #require(line.steps[1].run)
        #expect(run.median == .seconds(10))
        #expect(run.high == .seconds(19))
        #expect(line.steps[1].life?.median == .seconds(10))
        line.add(ending(60, run: 7))
        #expect(line.steps[2].run?.median == .seconds(7))
        #expect(line.steps[2].run?.high == .seconds(7))
    }

    @Test func nonsenseIsBroughtIntoRange() {
        let line = Timeline(endingAt: Timestamp(millisecondsSince1970: -5), step: .zero, count: 0)
        #expect(line.steps.count == 1)
        #expect(line.step == .seconds(1))
        #expect(line.start == Timestamp(millisecondsSince1970: 0))
    }

    @Test func historyFillsIt() throws {
        try withStore { store, location in
            try store.apply(
                [
                    .ended(ended("a", at: -30)), .ended(ended("b", .failed, at: 5)), .ended(ended("c", at: 70)),
                    .ended(ended("long-ago", at: -70)), .submitted(submitted("open")),
                ],
                at: at(100),
                Patience()
            )
            var reader = try HistoryReader(location)
            let line = try reader.fill(empty)
            #expect(line.steps.map(\.ended) == [[.completed: 1], [.failed: 1], [.completed: 1]])
            #expect(line.steps[2].run?.median == .seconds(2))
            #expect(line.steps[2].life?.median == .seconds(70))
            #expect(line.leftOutBefore == nil)
            #expect(try reader.fill(empty, worker: anga).steps.allSatisfy { $0.ended.isEmpty })
            let cut = try reader.fill(empty, limit: 2)
            #expect(cut.steps.map(\.ended) == [[:], [.failed: 1], [.completed: 1]])
            #expect(cut.leftOutBefore == at(5))
        }
    }

    @Test func oldestOpenTasksComeFirst() throws {
        try withStore { store, location in
            try store.apply(
                [
                    .submitted(submitted("late", at: 9)), .submitted(submitted("early", at: 1)),
                    .submitted(submitted("middle", at: 5)), .ended(ended("over")),
                ],
                at: at(10),
                Patience()
            )
            var reader = try HistoryReader(location)
            #expect(try reader.oldestOpen(limit: 2).map(\.id.string) == ["early", "middle"])
            #expect(try reader.oldestOpen(limit: 9).count == 3)
        }
    }

    @Test func endedTasksAreFoundByAPartOfTheirId() throws {
        try withStore { store, location in
            try store.apply(
                [.ended(ended("report-1", at: 1)), .ended(ended("report-2", at: 2)), .ended(ended("other", at: 3))],
                at: at(10),
                Patience()
            )
            var reader = try HistoryReader(location)
            var query = HistoryQuery()
            query.idPart = "port-"
            #expect(try reader.ended(query).map(\.id.string) == ["report-2", "report-1"])
            query.after = HistoryQuery.Place(nanoseconds: at(2).millisecondsSince1970 * 1_000_000, id: "report-2")
            #expect(try reader.ended(query).map(\.id.string) == ["report-1"])
            query.idPart = "%"
            #expect(try reader.ended(query).isEmpty)
        }
    }
}
