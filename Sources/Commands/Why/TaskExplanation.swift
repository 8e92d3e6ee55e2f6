// SPDX-License-Identifier: Apache-2.0
// Why a task is where it is, in one sentence, with what led there and what to do.

package import QueueModel

/// The answer to "why?", as a value: text and JSON come from it alone.
package struct TaskExplanation: Sendable, Equatable {
    /// Something that happened to the task.
    package struct Event: Sendable, Equatable {
        /// When; nil when that is not known.
        package let time: Timestamp?
        /// What, in one line.
        package let text: String
    }

    /// One thing that the task needs, on its way down the chain.
    package struct Step: Sendable, Equatable {
        /// How far down, from 1.
        package let depth: Int
        /// The task.
        package let id: TaskID
        /// Where it is; nil when nothing is known of it.
        package let state: String?
        /// The same in one line, with why it waits in turn.
        package let text: String
    }

    /// A stable word: a cause of waiting, a reason of failing, or a state.
    package let cause: String
    /// One plain sentence, without a full stop.
    package let sentence: String
    /// What led there, oldest first.
    package let events: [Event]
    /// What it needs, and what that waits for.
    package let chain: [Step]
    /// What to do, the likeliest first.
    package let remedies: [String]

    /// Explains a task.
    /// - Parameter facts: All that bears on it.
    package init(_ facts: TaskCircumstances) {
        guard let portrait = facts.portrait else {
            self = Self.unknown(facts)
            return
        }
        let verdict =
            switch portrait.state {
            case .queued, .waiting: TaskVerdict(waiting: portrait, facts)
            case .running: TaskVerdict(running: portrait, facts)
            case .completed, .failed, .cancelled: TaskVerdict(ended: portrait, facts)
            case .refused: TaskVerdict(refused: portrait)
            }
        cause = verdict.cause
        sentence = "\(portrait.id) \(verdict.predicate)\(Self.cancelling(facts))"
        events = Self.events(of: portrait, cancelAskedAt: facts.cancelAskedAt)
        chain = facts.links.map { Self.step($0, facts.now) }
        remedies = verdict.remedies
    }

    private init(cause: String, sentence: String, remedies: [String]) {
        self.cause = cause
        self.sentence = sentence
        self.remedies = remedies
        events = []
        chain = []
    }

    private static func cancelling(_ facts: TaskCircumstances) -> String {
        guard let time = facts.cancelAskedAt else { return "" }
        let hasDaemon = facts.portrait?.waits.contains(where: \.isAbsence) == false
        return (hasDaemon ? "; it is being cancelled" : "; its worker cancels it when it is started")
            + ", as was asked \(Age(of: time, at: facts.now)) ago"
    }

    private static func unknown(_ facts: TaskCircumstances) -> TaskExplanation {
        if let file = facts.unfinishedFile {
            return TaskExplanation(
                cause: WaitCause.settling.rawValue,
                sentence: "\(facts.id) is not known yet: \(printable(file)) is there, but is no valid task",
                remedies: [
                    "finish writing it; the worker refuses it when it stays as it is, and says why: vigil dlq list"
                ]
            )
        }
        let guess = facts.nearest.map(\.string).joined(separator: ", ")
        return TaskExplanation(
            cause: "unknown",
            sentence: "\(facts.id) is not known in \(printable(facts.root)): nothing queued, running, ended or refused "
                + "has this id",
            remedies: (guess.isEmpty ? [] : ["did you mean \(guess)?"])
                + ["look for it: vigil list --limit 0; or give another root: --root"]
        )
    }
}

// MARK: - What happened

extension TaskExplanation {
    private static func events(of portrait: TaskPortrait, cancelAskedAt: Timestamp?) -> [Event] {
        var events: [Event] = []
        if let queuedAt = portrait.queuedAt {
            events.append(Event(time: queuedAt, text: "put into the inbox of \(portrait.worker)"))
        }
        for attempt in portrait.attempts { events += self.events(of: attempt) }
        for letter in portrait.letters {
            let reason = letter.record.reason
            let what =
                reason.isRefusal && portrait.state != .refused ? "another file of this id was refused" : "dead letter"
            let why = letter.record.error.map { ": \(printable($0))" } ?? ""
            events.append(Event(time: letter.record.timestamp, text: "\(what)\(why) (\(reason.rawValue))"))
        }
        if let cancelAskedAt { events.append(Event(time: cancelAskedAt, text: "asked to be cancelled")) }
        if let result = portrait.result {
            events.append(Event(time: result.timestamp, text: "ended: \(result.status.rawValue)"))
        }
        // Without a time an event stays where it is.
        var latest = Timestamp.earliest
        let keyed = events.enumerated().map { offset, event in
            latest = event.time ?? latest
            return (latest, offset, event)
        }
        return keyed.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
    }

    private static func events(of attempt: TaskPortrait.Attempt) -> [Event] {
        let record = attempt.record
        if attempt.isCurrent {
            let end = attempt.hasEnded ? " and has ended; its outcome is not taken up yet" : ""
            return [Event(time: record.startedAt, text: "attempt \(record.number) started\(end)")]
        }
        guard let reason = record.reason else {
            return [
                Event(
                    time: record.finishedAt,
                    text: "attempt \(record.number) succeeded after \(record.duration.rounded)"
                )
            ]
        }
        let message = printable(record.message ?? "no message")
        return [
            Event(
                time: record.finishedAt,
                text:
                    "attempt \(record.number) failed after \(record.duration.rounded): \(message) (\(reason.rawValue))"
            )
        ]
    }

    private static func step(_ link: TaskCircumstances.Link, _ now: Timestamp) -> Step {
        guard let portrait = link.portrait else {
            return Step(depth: link.depth, id: link.id, state: nil, text: "\(link.id) is not known yet")
        }
        var text = "\(link.id) is \(portrait.state.rawValue) (\(portrait.worker))"
        if let failure = portrait.failure {
            text += ": \(printable(failure.message))"
        } else if let reason = portrait.waits.first {
            text += ", \(reason.text(now: now))"
        }
        return Step(depth: link.depth, id: link.id, state: portrait.state.rawValue, text: text)
    }
}
