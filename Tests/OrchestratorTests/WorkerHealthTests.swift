// SPDX-License-Identifier: Apache-2.0
// Heartbeats and their absence, step by step.

import Orchestrator
import QueueModel
import Testing

@Suite struct WorkerHealthTests {
    private let start = ContinuousClock.now
    private let patience = Duration.seconds(30)

    private func beat(
        _ status: WorkerStatus = .healthy,
        circuit: CircuitBreakerState = .closed,
        problems: [String: String] = [:]
    ) -> HeartbeatRecord {
        // A time inside that lies far off, as that of a machine with a wrong clock.
        var record = HeartbeatRecord(worker: marie, status: status, timestamp: at(-1_000_000))
        record.circuitBreakerState = circuit
        record.problems = problems
        return record
    }

    private func health(
        found: HeartbeatRecord? = nil,
        standing: WorkerStanding = WorkerStanding()
    ) -> WorkerHealth {
        WorkerHealth(marie, standing: standing, found: found, now: start)
    }

    private func types(_ news: [Announcement]) -> [NotificationRecord.EventType] { news.map(\.type) }

    @Test func silenceIsToldOnceAndTheNextHeartbeatOnce() {
        var health = health()
        let late = start + .seconds(31)
        #expect(health.checked(at: start + .seconds(29), patience: patience, wall: at(0)).isEmpty)
        let news = health.checked(at: late, patience: patience, wall: at(31))
        #expect(types(news) == [.workerUnhealthy])
        #expect(news[0].data == ["worker": "marie", "reason": "heartbeat", "age_seconds": 31])
        #expect(health.deadline(patience: patience) == nil)
        #expect(health.checked(at: late + patience, patience: patience, wall: at(61)).isEmpty)
        #expect(types(health.arrived(beat(), at: late, wall: at(62))) == [.workerRecovered])
        #expect(health.arrived(beat(), at: late, wall: at(63)).isEmpty)
        #expect(health.deadline(patience: patience) == late + patience)
    }

    @Test func arrivalCountsAndNotTheTimeInside() {
        var health = health()
        _ = health.arrived(beat(), at: start + .seconds(20), wall: at(20))
        #expect(health.checked(at: start + .seconds(49), patience: patience, wall: at(49)).isEmpty)
        #expect(health.deadline(patience: patience) == start + .seconds(50))
    }

    @Test func limitsAreToldOnceEach() throws {
        var health = health()
        var record = beat()
        record.usageLimits = [try AgentName("cc"): at(100)]
        record.budget = HeartbeatRecord.Budget(limitUSD: 5, spentUSD: 4)
        let news = health.arrived(record, at: start, wall: at(1))
        #expect(types(news) == [.usageLimited])
        #expect(news[0].data == ["worker": "marie", "account": "cc", "until": .string(at(100).description)])
        #expect(health.arrived(record, at: start, wall: at(2)).isEmpty)
        record.budget?.spentUSD = 5.5
        let spent = health.arrived(record, at: start, wall: at(3))
        #expect(types(spent) == [.budgetExceeded])
        #expect(spent[0].data == ["worker": "marie", "limit_usd": 5, "spent_usd": 5.5])
        #expect(health.arrived(record, at: start, wall: at(4)).isEmpty)
        #expect(health.arrived(beat(), at: start, wall: at(5)).isEmpty)
        #expect(types(health.arrived(record, at: start, wall: at(6))) == [.usageLimited, .budgetExceeded])
    }

    @Test(arguments: [WorkerStatus.healthy, .paused, .draining])
    func workingWorkerIsWell(status: WorkerStatus) {
        var health = health()
        #expect(health.arrived(beat(status), at: start, wall: at(0)).isEmpty)
        #expect(health.deadline(patience: patience) != nil)
    }

    @Test func cleanStopIsNotUnhealthy() {
        var health = health()
        #expect(health.arrived(beat(.stopped), at: start, wall: at(0)).isEmpty)
        #expect(health.deadline(patience: patience) == nil)
        #expect(health.checked(at: start + .seconds(999), patience: patience, wall: at(999)).isEmpty)
        #expect(self.health(found: beat(.stopped)).deadline(patience: patience) == nil)
    }

    @Test func workerThatSaysItIsSickIsUnhealthyUntilItSaysOtherwise() {
        for sick in [beat(.degraded), beat(.healthy, problems: ["disk": "full"]), beat(.paused, problems: ["x": ""])] {
            var health = health()
            let news = health.arrived(sick, at: start, wall: at(0))
            #expect(types(news) == [.workerUnhealthy])
            #expect(news[0].data["reason"] == "degraded")
            #expect(health.arrived(sick, at: start, wall: at(1)).isEmpty)
            #expect(types(health.arrived(beat(), at: start, wall: at(2))) == [.workerRecovered])
        }
    }

    @Test func problemsAreTold() {
        var health = health()
        let news = health.arrived(beat(.degraded, problems: ["disk": "full", "agent": "gone"]), at: start, wall: at(0))
        #expect(news[0].data["problems"] == ["agent": "gone", "disk": "full"])
    }

    @Test func stopOfAnUnhealthyWorkerIsNoRecovery() {
        var standing = WorkerStanding()
        standing.isUnhealthy = true
        var health = health(found: beat(), standing: standing)
        #expect(health.deadline(patience: patience) == nil)
        #expect(health.arrived(beat(.stopped), at: start, wall: at(0)).isEmpty)
        #expect(types(health.arrived(beat(), at: start, wall: at(1))) == [.workerRecovered])
    }

    @Test func circuitIsToldWhenItOpensAndWhenItCloses() {
        var health = health()
        var told: [[NotificationRecord.EventType]] = []
        for circuit in [CircuitBreakerState.closed, .open, .open, .halfOpen, .open, .closed, .closed] {
            told.append(types(health.arrived(beat(circuit: circuit), at: start, wall: at(0))))
        }
        #expect(told == [[], [.circuitOpened], [], [], [], [.circuitClosed], []])
    }

    @Test func circuitThatWasToldOpenIsNotToldAgainAfterARestart() {
        var standing = WorkerStanding()
        standing.isCircuitOpen = true
        var health = health(standing: standing)
        #expect(health.arrived(beat(circuit: .open), at: start, wall: at(0)).isEmpty)
        #expect(types(health.arrived(beat(), at: start, wall: at(0))) == [.circuitClosed])
    }
}
