// SPDX-License-Identifier: Apache-2.0
// Whether a running agent is alive.

package import Agents

/// The limit that a hung agent has passed.
package enum AttemptLimit: Sendable, Hashable {
    /// It did not begin.
    case start
    /// It neither printed nor computed anything.
    case silence
    /// One of its tools took too long.
    case tool
    /// It had said its result, and did not end.
    case afterResult
}

/// Judges the life of one attempt by what is seen of it from time to time.
///
/// No clock and no I/O: the owner looks at the times that this names. Time in which nobody looked, because the machine
/// or the daemon stood still, counts against nobody.
package struct AttemptWatch: Sendable {
    /// What a look has seen.
    package struct Sight: Sendable, Equatable {
        /// The size of both logs.
        package var outputBytes: Int64
        /// The processor time that the tree has used; nil when that is not known.
        package var processorTime: Duration?
        /// Whether there was an event, of an agent that prints events.
        package var hasEvents: Bool
        /// The calls of tools that are open.
        package var openTools: [String]
        /// Whether the agent has said its result, and nothing of it goes on in the background.
        package var hasResult: Bool

        /// What a look has seen.
        /// - Parameters:
        ///   - outputBytes: The size of both logs.
        ///   - processorTime: The processor time that the tree has used.
        ///   - hasEvents: Whether there was an event.
        ///   - openTools: The calls of tools that are open.
        ///   - hasResult: Whether the agent has said its result.
        package init(
            outputBytes: Int64,
            processorTime: Duration? = nil,
            hasEvents: Bool = false,
            openTools: [String] = [],
            hasResult: Bool = false
        ) {
            self.outputBytes = outputBytes
            self.processorTime = processorTime
            self.hasEvents = hasEvents
            self.openTools = openTools
            self.hasResult = hasResult
        }
    }

    /// What to do after a look.
    package enum Decision: Sendable, Equatable {
        /// Look again; nil: never.
        case look(at: ContinuousClock.Instant?)
        /// End the attempt.
        case end(AttemptLimit)
    }

    /// Who computes for less than this part of the time, on one processor, waits: timers and the like are no work.
    private static let idleShare = 0.01
    /// A program that is loaded has used more than this.
    private static let leastWork = Duration.milliseconds(10)
    private static let shortestPause = Duration.milliseconds(50)
    private static let longestPause = Duration.seconds(5)

    private let limits: LivenessLimits
    private let printsEvents: Bool
    private var hasStarted = false
    private var startedAt: ContinuousClock.Instant
    /// The last sign of life.
    private var aliveAt: ContinuousClock.Instant
    /// The last output.
    private var saidAt: ContinuousClock.Instant
    /// The result is the agent's last word.
    private var hasResult = false
    private var tools: [String: ContinuousClock.Instant] = [:]
    private var outputBytes: Int64 = 0
    /// The processor time at a moment since which there was no sign of life.
    private var account: (at: ContinuousClock.Instant, used: Duration)?
    /// When the next look is expected.
    package private(set) var lookAt: ContinuousClock.Instant?

    /// Begins with an agent that was just started, or is met at work by a new daemon.
    /// - Parameters:
    ///   - limits: When it is taken for hung.
    ///   - printsEvents: Whether it prints events.
    ///   - now: The time.
    package init(limits: LivenessLimits, printsEvents: Bool, now: ContinuousClock.Instant) {
        self.limits = limits
        self.printsEvents = printsEvents
        startedAt = now
        aliveAt = now
        saidAt = now
        lookAt = nextLook(now)
    }

    /// Whether the processor time says anything, when no output has come.
    package var needsProcessorTime: Bool {
        Self.isOn(limits.silence) || !printsEvents && !hasStarted && Self.isOn(limits.start)
    }

    /// Takes in what a look has seen.
    /// - Parameters:
    ///   - sight: What it has seen.
    ///   - now: The time of the look.
    /// - Returns: What to do.
    package mutating func observe(_ sight: Sight, now: ContinuousClock.Instant) -> Decision {
        forgive(now)
        if sight.outputBytes != outputBytes {
            outputBytes = sight.outputBytes
            saidAt = now
            noteLife(now, used: sight.processorTime)
        } else {
            noteWork(sight.processorTime, now)
        }
        hasStarted = hasStarted || sight.hasEvents || !printsEvents && isUnderWay(sight)
        hasResult = sight.hasResult
        let before = tools
        tools = Dictionary(sight.openTools.map { ($0, before[$0] ?? now) }) { first, _ in first }
        if let passed = deadlines.first(where: { $0.at <= now }) { return .end(passed.limit) }
        lookAt = nextLook(now)
        return .look(at: lookAt)
    }

    private func isUnderWay(_ sight: Sight) -> Bool {
        sight.outputBytes > 0 || sight.processorTime.map { $0 >= Self.leastWork } ?? true
    }

    /// Moves everything by the time in which nobody looked.
    private mutating func forgive(_ now: ContinuousClock.Instant) {
        guard let expected = lookAt, let pause = longestWait else { return }
        let late = expected.duration(to: now) - pause
        guard late > .zero else { return }
        startedAt += late
        aliveAt += late
        saidAt += late
        account?.at += late
        tools = tools.mapValues { $0 + late }
    }

    private mutating func noteLife(_ now: ContinuousClock.Instant, used: Duration?) {
        aliveAt = now
        account = used.map { (now, $0) }
    }

    private mutating func noteWork(_ used: Duration?, _ now: ContinuousClock.Instant) {
        // Nobody is taken for hung of whom nothing is known.
        guard let used else { return noteLife(now, used: nil) }
        guard let account, used >= account.used else {
            self.account = (account?.at ?? now, used)
            return
        }
        let work = used - account.used
        if work > .zero, work >= account.at.duration(to: now) * Self.idleShare { noteLife(now, used: used) }
    }

    // MARK: Deadlines

    /// What the agent must do something before, as it stands.
    private var deadlines: [(limit: AttemptLimit, at: ContinuousClock.Instant)] {
        if hasResult, let grace = limits.afterResult, Self.isOn(grace) { return [(.afterResult, saidAt + grace)] }
        var found: [(limit: AttemptLimit, at: ContinuousClock.Instant)] = []
        if !hasStarted, let start = limits.start, Self.isOn(start) { found.append((.start, startedAt + start)) }
        // A tool may wait for something that is far away.
        if let first = tools.values.min(), let tool = limits.tool, Self.isOn(tool) {
            found.append((.tool, first + tool))
        } else if let silence = limits.silence, Self.isOn(silence) {
            found.append((.silence, aliveAt + silence))
        }
        return found
    }

    /// Short enough for each limit to be kept to about an eighth.
    private var longestWait: Duration? {
        var shortest: Duration?
        func consider(_ limit: Duration?) {
            if let limit, Self.isOn(limit) { shortest = min(limit, shortest ?? limit) }
        }
        if !hasStarted { consider(limits.start) }
        consider(limits.silence)
        consider(limits.tool)
        consider(limits.afterResult)
        return shortest.map { max(Self.shortestPause, min(Self.longestPause, $0 / 8)) }
    }

    private func nextLook(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard let pause = longestWait else { return nil }
        var next = now + pause
        for deadline in deadlines { next = min(next, deadline.at) }
        return next
    }

    private static func isOn(_ limit: Duration?) -> Bool { limit.map { $0 > .zero } ?? false }
}
