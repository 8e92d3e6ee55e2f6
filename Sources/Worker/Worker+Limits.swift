// SPDX-License-Identifier: Apache-2.0
// Usage limits, the rate of starts, and the day's money: what holds starts back besides the circuit.

import Agents
import FileQueue
import Logging
import QueueModel
import Resilience
import SystemKit

/// The leave to start one attempt, from everything that could have held it back.
struct StartPermit: Sendable {
    let breaker: CircuitBreaker.Permit
    let gate: LimitGate.Permit
    let account: AgentName
}

/// Whether a task may start now.
enum Admission {
    /// It may.
    case allowed(StartPermit)
    /// Nothing may before this time; `nil`: before something else happens.
    case putBack(until: ContinuousClock.Instant?)
    /// No task of its account may; others may.
    case setAside(until: ContinuousClock.Instant)
}

extension Worker {
    /// A task that waits for the end of another one's attempt is looked at again after this time at the latest.
    static let setAsideLimit = Duration.seconds(600)

    /// Every start of an attempt comes through here.
    func admission(of entry: Scheduler.Entry, _ now: Moment) -> Admission {
        if let until = rateLimiter?.blockedUntil(now: now.instant) { return .putBack(until: until) }
        if let midnight = budget.spentUntil(at: now.wall.millisecondsSince1970) {
            return .putBack(until: now.instant(of: Timestamp(millisecondsSince1970: midnight)))
        }
        let account = account(of: entry.task.agent)
        if let until = gates[account]?.parkedUntil, until > now.instant { return .setAside(until: until) }
        switch breaker.request(now: now.instant) {
        case .blocked(let until): return .putBack(until: until)
        case .allowed(let permit):
            var gate = gates[account] ?? LimitGate()
            let decision = gate.request(now: now.instant)
            if gates[account] != nil { gates[account] = gate }
            switch decision {
            case .allowed(let leave): return .allowed(StartPermit(breaker: permit, gate: leave, account: account))
            case .blocked(let until):
                note(breaker.abandoned(permit, now: now.instant))
                return .setAside(until: until ?? now.instant.advanced(by: Self.setAsideLimit))
            }
        }
    }

    private func account(of agent: AgentName?) -> AgentName {
        let name = agent ?? configuration.defaultAgent
        return configuration.profiles[name]?.limitAccount ?? name
    }

    /// Gives a permit back that was not used, or whose attempt ended without saying anything.
    func abandon(_ permit: StartPermit) {
        note(breaker.abandoned(permit.breaker, now: clock.now))
        ended(permit, saysNothing: true)
    }

    private func ended(_ permit: StartPermit, saysNothing: Bool) {
        guard var gate = gates[permit.account], gate.ended(permit.gate, saysNothing: saysNothing) else { return }
        gates[permit.account] = gate.isOpen ? nil : gate
        if !saysNothing { saveLimits() }
        scheduler.release(.usageLimit, now: now)
        poke()
    }

    // MARK: Usage limits

    /// Parks the account of an attempt that met its usage limit, and lets others go on after one that did not.
    func noteLimit(_ end: AttemptEnd, of claim: Claim, _ permit: StartPermit?) {
        guard case .judged(let outcome) = end else {
            if let permit { ended(permit, saysNothing: true) }
            return
        }
        guard outcome.failure?.reason == .usageLimit else {
            if let permit { ended(permit, saysNothing: outcome.failure?.failureClass == .cancelled) }
            return
        }
        let account = permit?.account ?? account(of: claim.task.agent)
        let now = now
        let limitEnd = outcome.usageLimitEnd.flatMap { $0 > now.wall ? now.instant(of: $0) : nil }
        var gate = gates[account] ?? LimitGate()
        let until = gate.limited(permit?.gate, until: limitEnd, jitter: jitter(before: limitEnd, now), now: now.instant)
        gates[account] = gate
        guard let until else { return }
        saveLimits()
        let time = now.wall.adding(now.instant.duration(to: until))
        logger.warning(
            "usage limit reached, nothing of this account is started",
            metadata: [
                "account": .string(account.string), "until": "\(time)",
                "error": .string(outcome.failure?.message ?? ""),
            ]
        )
        emit(.usageLimited, ["account": .string(account.string), "until": .string(time.description)])
        beat()
    }

    /// Up to a tenth of the time, so that the workers of an account do not all come back in one instant.
    private func jitter(before end: ContinuousClock.Instant?, _ now: Moment) -> Duration {
        let length = end.map { now.instant.duration(to: $0).seconds } ?? 300
        return .seconds(Double.random(in: 0...min(60, max(0.1, length / 10)), using: &generator))
    }

    // MARK: Money

    /// What an attempt may cost: what is left of its task's money, and of the day's.
    func moneyLeft(for claim: Claim) -> Double? {
        let own = claim.task.maxCostUSD.map { max(0, $0 - claim.state.costUSD) }
        return [own, budget.left(at: now.wall.millisecondsSince1970)].compactMap { $0 }.min()
    }

    /// Whether it is the day's money that is spent, and not the task's own, after the attempt that ended just now.
    func isDaysMoneySpent(_ claim: Claim, _ end: AttemptEnd) -> Bool {
        let isOwnSpent =
            claim.task.maxCostUSD.map {
                claim.state.costUSD + (end.cost ?? 0) > $0 - DailyBudget.smallest
            } ?? false
        return !isOwnSpent && budget.spentUntil(at: now.wall.millisecondsSince1970) != nil
    }

    /// Adds up what an attempt has cost, whatever it came to.
    func noteCost(_ end: AttemptEnd, of claim: Claim) {
        // What was seen of it counts where its end tells nothing.
        let seen = liveCosts.isEmpty ? nil : liveCosts.removeValue(forKey: claim.id)
        let (cost, tokens) = (end.cost ?? seen ?? 0, end.tokens)
        guard cost > 0 || tokens != nil else { return }
        metrics.agentReported(cost: cost, tokens)
        stats.costUSD += cost
        let time = now.wall.millisecondsSince1970
        if let tokens { daysTokens.add(tokens, at: time) }
        let change = budget.spend(cost, at: time)
        saveLimits()
        tell(change)
    }

    /// Takes in what a running attempt has cost so far.
    func noteLiveCost(_ cost: Double?, of id: TaskID) {
        guard let cost, cost != liveCosts[id] else { return }
        liveCosts[id] = cost
        tell(budget.checked(at: now.wall.millisecondsSince1970))
    }

    private func tell(_ change: DailyBudget.Change?) {
        guard let change, let limit = budget.limit else { return }
        let spent = budget.total(at: now.wall.millisecondsSince1970)
        let facts: JSONObject = ["limit_usd": .decimal(limit), "spent_usd": .decimal(spent)]
        let metadata: Logger.Metadata = ["limit_usd": "\(limit)", "spent_usd": "\(spent)"]
        switch change {
        case .nearlySpent:
            logger.warning("four fifths of the day's money are spent", metadata: metadata)
            emit(.budgetWarning, facts)
        case .spent:
            logger.error("the day's money is spent, nothing is started before midnight (UTC)", metadata: metadata)
            emit(.budgetExceeded, facts)
            beat()
        }
    }

    // MARK: Health, settings, restarts

    /// What holds back the tasks that could start.
    func startableCause(circuitIsOpen: Bool) -> WaitCause {
        if isPaused { return .paused }
        if budget.spentUntil(at: now.wall.millisecondsSince1970) != nil { return .budget }
        if circuitIsOpen { return .circuitOpen }
        return rateLimiter?.blockedUntil(now: clock.now) != nil && activeCount < configuration.maxConcurrent
            ? .rateLimit : .slot
    }

    func addLimits(to record: inout HeartbeatRecord) {
        let now = now
        for (account, gate) in gates {
            guard let until = gate.parkedUntil, until > now.instant else { continue }
            record.usageLimits[account] = now.wall.adding(now.instant.duration(to: until))
        }
        if let rateLimiter {
            record.rateLimit = [
                "limit": .integer(rateLimiter.count), "interval_seconds": .seconds(rateLimiter.interval),
                "used": .integer(rateLimiter.used(now: now.instant)),
            ]
            record.rateLimit?["next_start_at"] = rateLimiter.blockedUntil(now: now.instant)
                .map { .string(now.wall.adding(now.instant.duration(to: $0)).description) }
        }
        record.costUSD = stats.costUSD > 0 ? stats.costUSD : nil
        let today = HeartbeatRecord.Day(
            costUSD: budget.total(at: now.wall.millisecondsSince1970),
            tokens: daysTokens.tokens(at: now.wall.millisecondsSince1970)
        )
        record.today = today.isEmpty ? nil : today
        record.liveCostUSD = liveCosts.filter { running.contains($0.key) }
        record.budget = budget.limit.map {
            HeartbeatRecord.Budget(limitUSD: $0, spentUSD: budget.total(at: now.wall.millisecondsSince1970))
        }
    }

    /// Takes over limits from new settings; what was started and spent stays known.
    func limitsChanged() {
        rateLimiter = configuration.rateLimit.map { limit in
            rateLimiter?.changed(count: limit.count, interval: limit.interval)
                ?? RateLimiter(count: limit.count, interval: limit.interval)
        }
        budget.limit = configuration.dailyBudgetUSD
        scheduler.release(.usageLimit, now: now)
    }

    private func saveLimits() {
        let (instant, wall) = (clock.now, wallClock.nowMilliseconds)
        let record = LimitsRecord(
            accounts: gates.compactMapValues { $0.snapshot(now: instant, wallMilliseconds: wall) },
            dayNumber: budget.dayNumber,
            spentUSD: budget.sum,
            tokens: daysTokens
        )
        do throws(SystemCallError) {
            try queue.writeLimits(record.encoded())
        } catch {
            logger.warning("limits cannot be written", metadata: ["error": "\(error)"])
        }
    }

    func restoreLimits() throws(SystemCallError) {
        guard let record = try queue.readLimits().flatMap(LimitsRecord.init(decoding:)) else { return }
        gates = record.accounts.mapValues {
            LimitGate(restoring: $0, now: clock.now, wallMilliseconds: wallClock.nowMilliseconds)
        }
        budget = DailyBudget(limit: budget.limit, dayNumber: record.dayNumber, sum: record.spentUSD)
        daysTokens = record.tokens
    }
}

extension AttemptEnd {
    /// What the attempt has cost in US dollars, where the agent told it.
    var cost: Double? {
        outcome?.agent?.costUSD
    }

    /// The tokens of the attempt, where the agent told them.
    var tokens: TokenCounts? {
        guard case .judged(let outcome) = self, let usage = outcome.agent?.usage else { return nil }
        let tokens = TokenCounts(usage: usage)
        return tokens.isEmpty ? nil : tokens
    }
}

extension ClaimState {
    /// What the attempts that ended have cost in US dollars, those that were taken back included.
    var costUSD: Double { attempts.compactMap(\.costUSD).reduce(uncountedCostUSD, +) }
}
