// SPDX-License-Identifier: Apache-2.0
// Which agents are taken for hung, and when.

import Agents
import Testing
import Worker

@Suite struct AttemptWatchTests {
    /// An agent on a clock that only this moves.
    private struct Life {
        let begin = ContinuousClock.now
        var now: Duration = .zero
        var watch: AttemptWatch
        var sight = AttemptWatch.Sight(outputBytes: 0, processorTime: .zero)
        var looks = 0

        init(_ limits: LivenessLimits, printsEvents: Bool = true) {
            watch = AttemptWatch(limits: limits, printsEvents: printsEvents, now: begin)
        }

        /// Looks as often as is asked for, until the attempt is ended or the time is over.
        mutating func pass(
            _ span: Duration,
            each: (inout AttemptWatch.Sight, Duration) -> Void = { _, _ in }
        ) -> AttemptLimit? {
            let end = now + span
            while let at = watch.lookAt.map({ begin.duration(to: $0) }), at <= end {
                looks += 1
                each(&sight, at - now)
                now = at
                if case .end(let limit) = watch.observe(sight, now: begin + now) { return limit }
            }
            each(&sight, end - now)
            now = end
            return nil
        }
    }

    private static let limits = LivenessLimits(
        start: .seconds(60),
        silence: .seconds(600),
        tool: .seconds(1800),
        afterResult: .seconds(30)
    )

    @Test func whoPrintsNoFirstEventIsEnded() {
        var life = Life(Self.limits)
        #expect(life.pass(.seconds(59)) { sight, step in sight.processorTime? += step } == nil)
        // Words that are no event are no beginning, and neither is work.
        life.sight.outputBytes = 100
        #expect(life.pass(.seconds(2)) == .start)
        #expect(life.now == .seconds(60))
    }

    @Test func whoHasBegunHasTimeForSilence() {
        var life = Life(Self.limits)
        life.sight.outputBytes = 10
        life.sight.hasEvents = true
        #expect(life.pass(.seconds(590)) == nil)
        #expect(life.pass(.seconds(20)) == .silence)
        #expect(life.now <= .seconds(606))
    }

    @Test(arguments: [(0, Duration.zero, AttemptLimit?.some(.start)), (0, .milliseconds(15), nil), (1, .zero, nil)])
    func whoPrintsNoEventsBeginsByAnything(bytes: Int, work: Duration, limit: AttemptLimit?) {
        var life = Life(Self.limits, printsEvents: false)
        life.sight = .init(outputBytes: Int64(bytes), processorTime: work)
        #expect(life.pass(.seconds(100)) == limit)
    }

    @Test func whoIsSilentAndComputesGoesOn() {
        var life = Life(Self.limits)
        life.sight.hasEvents = true
        // A twentieth of a processor for ten hours.
        #expect(life.pass(.seconds(36_000)) { sight, step in sight.processorTime? += step / 20 } == nil)
        let stopped = life.now
        #expect(life.pass(.seconds(36_000)) == .silence)
        #expect(life.now - stopped <= .seconds(605))
    }

    @Test func whoOnlyKeepsItsTimersDoesNotCompute() {
        var life = Life(Self.limits)
        life.sight.hasEvents = true
        #expect(life.pass(.seconds(700)) { sight, step in sight.processorTime? += step / 200 } == .silence)
    }

    @Test func whoSaysSomethingNowAndThenGoesOn() {
        var life = Life(Self.limits)
        life.sight.hasEvents = true
        for _ in 0..<20 {
            life.sight.outputBytes += 1
            #expect(life.pass(.seconds(590)) == nil)
        }
    }

    @Test func aToolHasItsOwnTime() {
        var life = Life(Self.limits)
        life.sight.hasEvents = true
        life.sight.openTools = ["a"]
        #expect(life.pass(.seconds(1500)) == nil)
        // Another call begins and ends; the first one goes on.
        life.sight.openTools = ["a", "b"]
        #expect(life.pass(.seconds(100)) == nil)
        life.sight.openTools = ["a"]
        #expect(life.pass(.seconds(300)) == .tool)
        #expect(life.now <= .seconds(1806))
    }

    @Test func eachCallBeginsAnew() {
        var life = Life(Self.limits)
        life.sight.hasEvents = true
        for call in 0..<5 {
            life.sight.openTools = ["\(call)"]
            life.sight.outputBytes += 1
            #expect(life.pass(.seconds(1700)) == nil)
        }
    }

    @Test func afterTheResultOnlyTheGraceCounts() {
        var life = Life(Self.limits)
        life.sight = .init(outputBytes: 10, processorTime: .zero, hasEvents: true, hasResult: true)
        #expect(life.pass(.seconds(20)) == nil)
        // A second result.
        life.sight.outputBytes = 20
        #expect(life.pass(.seconds(25)) == nil)
        // Whoever computes does not end either.
        #expect(life.pass(.seconds(60)) { sight, step in sight.processorTime? += step } == .afterResult)
        #expect(life.now <= .seconds(60))
    }

    @Test func whatIsNotLimitedIsNotLookedAt() {
        var life = Life(LivenessLimits(start: .zero, silence: .zero, tool: .zero, afterResult: nil))
        #expect(life.watch.lookAt == nil)
        #expect(life.pass(.seconds(1_000_000)) == nil)
        #expect(life.looks == 0)
    }

    @Test func withoutProcessorTimeNobodyIsSilent() {
        var life = Life(Self.limits)
        life.sight = .init(outputBytes: 1, processorTime: nil, hasEvents: true)
        #expect(life.pass(.seconds(36_000)) == nil)
    }

    @Test func aLookCostsLittle() {
        var life = Life(Self.limits)
        life.sight = .init(outputBytes: 1, processorTime: .zero, hasEvents: true)
        _ = life.pass(.seconds(590))
        #expect(life.looks <= 590 / 3)
    }

    @Test func timeInWhichNobodyLookedCountsAgainstNobody() {
        var life = Life(Self.limits)
        life.sight = .init(outputBytes: 1, processorTime: .zero, hasEvents: true, openTools: ["a"])
        #expect(life.pass(.seconds(500)) == nil)
        // The machine sleeps for a day.
        life.now += .seconds(86_400)
        #expect(life.watch.observe(life.sight, now: life.begin + life.now) != .end(.tool))
        #expect(life.pass(.seconds(1200)) == nil)
        #expect(life.pass(.seconds(200)) == .tool)
    }

    @Test func profilesSayOnlyWhatTheyWantOtherwise() {
        let own = LivenessLimits(silence: .zero, tool: .seconds(5))
        let all = own.completed(from: Self.limits)
        #expect(
            all == LivenessLimits(start: .seconds(60), silence: .zero, tool: .seconds(5), afterResult: .seconds(30))
        )
    }
}
