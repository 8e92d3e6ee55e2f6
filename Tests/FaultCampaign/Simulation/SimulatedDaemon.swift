// SPDX-License-Identifier: Apache-2.0
// What joins the scheduler, the breaker and the retry policy, as the worker does it.

import Agents
import FileQueue
import QueueModel
import Resilience
import Worker

extension SimulatedWorld {
    // MARK: Start

    mutating func start() throws(Halt) {
        isUp = true
        if let snapshot = disk.circuit {
            memory.breaker = CircuitBreaker(
                restoring: snapshot,
                threshold: schedule.threshold,
                timeout: .milliseconds(schedule.timeoutMilliseconds),
                now: now.instant,
                wallMilliseconds: now.wall.millisecondsSince1970
            )
        }
        oracle.circuit = circuitAfterRestart()
        try recover()
        admitAll()
        oracle.isAligned = true
    }

    /// What the file says must hold; a probe that was out is lost.
    private func circuitAfterRestart() -> Oracle.Circuit {
        guard let snapshot = disk.circuit else { return .closed(failures: 0) }
        switch snapshot.state {
        case .closed: return .closed(failures: snapshot.failures)
        case .halfOpen: return .open(until: now.instant)
        case .open:
            let left = (snapshot.openUntilMilliseconds ?? 0) - now.wall.millisecondsSince1970
            let rest = Duration.milliseconds(min(max(left, 0), schedule.timeoutMilliseconds))
            return .open(until: now.instant.advanced(by: rest))
        }
    }

    /// The periodic look at everything: clock, claims, inbox.
    mutating func scan() throws(Halt) {
        if memory.isDraining { return }
        memory.scheduler.realign(now: now)
        try recover()
        admitAll()
        oracle.isAligned = true
    }

    private mutating func admitAll() {
        for index in tasks.indices where disk.places[index].isInInbox { admit(index) }
    }

    private mutating func recover() throws(Halt) {
        for index in disk.places.indices where !memory.held.contains(index) {
            let place = disk.places[index]
            if !place.isClaimed {
                if place.record != nil { disk.places[index].record = nil }
                continue
            }
            if agents.contains(where: { $0.task == index }) {
                memory.adopted.insert(index)
                memory.running.insert(index)
                continue
            }
            memory.adopted.remove(index)
            memory.running.remove(index)
            if place.result != nil && !isDying(place) {
                try disk.removeClaim(index)
                continue
            }
            memory.held.insert(index)
            try resume(index, place)
        }
    }

    private func isDying(_ place: SimulatedDisk.Place) -> Bool {
        if case .dead = place.record?.phase { return !place.hasLetter }
        return false
    }

    private mutating func resume(_ index: Int, _ place: SimulatedDisk.Place) throws(Halt) {
        guard let record = place.record else { throw .breach("PLACE: \(index) is claimed without a record") }
        switch record.phase {
        case .dead(let reason): try writeDeath(index, reason)
        case .waiting:
            var retryAt: ContinuousClock.Instant?
            if let notBefore = record.notBefore {
                let left = min(notBefore.since(now.wall), policy.maxDelay)
                if left > .zero { retryAt = now.instant.advanced(by: left) }
            }
            enqueue(index, isClaimed: true, retryAt: retryAt)
        case .running:
            memory.running.insert(index)
            if let exit = place.exit, exit.run == record.run {
                try conclude(index, Fixtures.end(exit.ending))
            } else {
                try conclude(index, .interrupted("cut off"))
            }
        }
    }

    // MARK: Intake

    mutating func admit(_ index: Int) {
        guard !memory.held.contains(index), memory.scheduler[Fixtures.ids[index]] == nil else { return }
        if memory.condemned.contains(where: { $0.index == index }) { return }
        enqueue(index, isClaimed: false)
    }

    mutating func enqueue(_ index: Int, isClaimed: Bool, retryAt: ContinuousClock.Instant? = nil) {
        guard let task = tasks[index], let specification = specifications[index] else { return }
        var unmet: Set<Int> = []
        for dependency in specification.dependencies where dependency != index {
            switch disk.places[dependency].result {
            case .completed: continue
            case .failed, .cancelled:
                memory.condemned.append((index, isClaimed, .dependencyFailed))
                return
            case nil: unmet.insert(dependency)
            }
        }
        if specification.dependencies.contains(index) { unmet.insert(index) }
        oracle.books[index].isWaiting = true
        oracle.books[index].retryAt = retryAt
        oracle.books[index].latest = now.wall
        let ids = Set(unmet.map { Fixtures.ids[$0] })
        memory.scheduler.enqueue(task, isClaimed: isClaimed, unmet: ids, retryAt: retryAt, now: now)
        if unmet.isEmpty { return }
        for member in memory.scheduler.cycle(through: task.id) {
            if let entry = memory.scheduler.remove(member) { condemn(entry, .dependencyCycle) }
        }
    }

    // MARK: Decisions

    /// Does all that there is to do before the next event.
    mutating func decide() throws(Halt) {
        guard isUp else { return }
        memory.wakeAt = nil
        while true {
            while let next = memory.condemned.popLast() { try execute(next.index, next.isClaimed, next.reason) }
            try note(memory.breaker.advance(to: now.instant))
            guard !memory.isDraining, memory.running.count < schedule.slots else {
                guard !memory.isDraining else { return }
                if let entry = memory.scheduler.nextExpired(now: now) {
                    condemn(entry, .expired)
                    continue
                }
                memory.wakeAt = memory.scheduler.nextExpiry(now)
                return
            }
            switch memory.scheduler.next(now: now) {
            case .wait(let until):
                memory.wakeAt = until
                return
            case .expire(let entry): condemn(entry, .expired)
            case .start(let entry):
                switch memory.breaker.request(now: now.instant) {
                case .blocked(let until):
                    memory.scheduler.putBack(entry, now: now)
                    memory.wakeAt = [until, memory.scheduler.nextWake(now)].compactMap { $0 }.min()
                    return
                case .allowed(let permit): try begin(entry, permit)
                }
            }
        }
    }

    private mutating func begin(_ entry: Scheduler.Entry, _ permit: CircuitBreaker.Permit) throws(Halt) {
        let index = Fixtures.indices[entry.task.id] ?? 0
        try judgeStart(index)
        try oracle.admit(index, now: now.instant)
        oracle.books[index].isWaiting = false
        runs += 1
        let (run, attempt) = (runs, (disk.places[index].record?.attempt ?? 0) + 1)
        try disk.change { $0.places[index].record = .init(phase: .running, attempt: attempt, run: run) }
        if !entry.isClaimed {
            try disk.change {
                $0.places[index].isInInbox = false
                $0.places[index].isClaimed = true
            }
        }
        memory.held.insert(index)
        memory.running.insert(index)
        memory.permits[index] = permit
        if attempt > 1 + (specifications[index]?.retries ?? 0) { throw .breach("ATT: \(index) is at \(attempt)") }
        if refusals > 0 {
            refusals -= 1
            memory.mail.append(Letter(task: index, end: .notStarted("refused"), isSuccess: false, permit: permit))
            return
        }
        try disk.change { _ in }
        try oracle.began(index, attempt: attempt)
        agents.append(Agent(task: index, run: run, isOurs: true))
    }

    // MARK: Ends

    mutating func deliver(_ number: Int) throws(Halt) {
        guard isUp, !memory.mail.isEmpty else { return }
        let letter = memory.mail.remove(at: number % memory.mail.count)
        memory.permits[letter.task] = nil
        let until = now.instant.advanced(by: .milliseconds(schedule.timeoutMilliseconds))
        oracle.ended(
            letter.task,
            isSuccess: letter.isSuccess,
            threshold: schedule.threshold,
            opensUntil: until
        )
        try inform(letter)
        try conclude(letter.task, letter.end)
    }

    private mutating func inform(_ letter: Letter) throws(Halt) {
        let change: CircuitBreaker.Change? =
            switch letter.end {
            case .judged(let outcome) where outcome.failure == nil:
                memory.breaker.succeeded(letter.permit, now: now.instant)
            case .judged(let outcome):
                outcome.countsTowardBreaker
                    ? memory.breaker.failed(letter.permit, now: now.instant)
                    : memory.breaker.abandoned(letter.permit, now: now.instant)
            case .notStarted: memory.breaker.failed(letter.permit, now: now.instant)
            // No task of the simulation asks for checks.
            case .interrupted, .handedBack, .verified, .unverified:
                memory.breaker.abandoned(letter.permit, now: now.instant)
            }
        try note(change)
    }

    /// A change of the circuit goes to disk.
    private mutating func note(_ change: CircuitBreaker.Change?) throws(Halt) {
        guard change != nil else { return }
        let wall = now.wall.millisecondsSince1970
        let snapshot = memory.breaker.snapshot(now: now.instant, wallMilliseconds: wall)
        try disk.change { $0.circuit = snapshot }
    }

    private mutating func conclude(_ index: Int, _ end: AttemptEnd) throws(Halt) {
        guard let record = disk.places[index].record else { throw .breach("PLACE: no record of \(index)") }
        let limited = policy.limited(to: specifications[index]?.retries)
        switch limited.verdict(on: end, attempt: record.attempt, using: &dice) {
        case .complete:
            if !oracle.books[index].hasSucceeded { throw .breach("REAL: \(index) completes without a success") }
            try disk.publish(index, .completed)
            try finish(index)
        case .giveUp(_, let reason):
            if reason == .maxRetriesExceeded && record.attempt != limited.maxRetries + 1 {
                throw .breach("ATT: \(index) is given up after \(record.attempt) of \(limited.maxRetries + 1)")
            }
            try die(index, reason)
        case .cancel: throw .breach("CANCEL: nobody has asked for the end of \(index)")
        case .retry(_, let delay):
            if delay > policy.maxDelay { throw .breach("TIME: a delay of \(delay)") }
            try wait(index, record, attempt: record.attempt, delay)
        case .handBack(let delay):
            var hasRun = true
            if case .notStarted = end { hasRun = false }
            try wait(index, record, attempt: record.attempt - 1, delay)
            oracle.handedBack(index, attempt: record.attempt, hasRun: hasRun)
        }
    }

    private mutating func wait(
        _ index: Int,
        _ record: SimulatedDisk.Record,
        attempt: Int,
        _ delay: Duration
    ) throws(Halt) {
        let notBefore = now.wall.adding(delay)
        try disk.change {
            $0.places[index].record = .init(phase: .waiting, attempt: attempt, run: record.run, notBefore: notBefore)
        }
        memory.running.remove(index)
        if memory.isDraining {
            memory.held.remove(index)
        } else {
            enqueue(index, isClaimed: true, retryAt: now.instant.advanced(by: delay))
        }
    }

    private mutating func condemn(_ entry: Scheduler.Entry, _ reason: DeadLetterReason) {
        let index = Fixtures.indices[entry.task.id] ?? 0
        oracle.books[index].isWaiting = false
        memory.condemned.append((index, entry.isClaimed, reason))
    }

    /// Gives up a task that does not run.
    private mutating func execute(_ index: Int, _ isClaimed: Bool, _ reason: DeadLetterReason) throws(Halt) {
        let dependencies = specifications[index]?.dependencies ?? []
        switch reason {
        case .expired where (tasks[index]?.expiresAt).map { $0 < now.wall } != true:
            throw .breach("TIME: \(index) expires before its time")
        case .dependencyFailed where !dependencies.contains { disk.places[$0].result == .failed }:
            throw .breach("DEPENDENCY: \(index) is given up, and no dependency has failed")
        case .dependencyCycle where !isInRing(index):
            throw .breach("DEPENDENCY: \(index) is given up, and is in no ring")
        default: break
        }
        if !isClaimed {
            try disk.change { $0.places[index].record = .init(phase: .waiting, attempt: 0, run: 0) }
            try disk.change {
                $0.places[index].isInInbox = false
                $0.places[index].isClaimed = true
            }
            memory.held.insert(index)
        }
        try die(index, reason)
    }

    private mutating func die(_ index: Int, _ reason: DeadLetterReason) throws(Halt) {
        try disk.change { $0.places[index].record?.phase = .dead(reason) }
        try writeDeath(index, reason)
    }

    private mutating func writeDeath(_ index: Int, _ reason: DeadLetterReason) throws(Halt) {
        try disk.change { $0.places[index].hasLetter = true }
        if disk.places[index].result == nil { try disk.publish(index, .failed) }
        try finish(index)
    }

    private mutating func finish(_ index: Int) throws(Halt) {
        try disk.removeClaim(index)
        memory.held.remove(index)
        memory.running.remove(index)
        oracle.books[index].isWaiting = false
        if disk.places[index].result == .completed {
            memory.scheduler.completed(Fixtures.ids[index], now: now)
        } else {
            for entry in memory.scheduler.failed(Fixtures.ids[index]) { condemn(entry, .dependencyFailed) }
        }
    }
}
