// SPDX-License-Identifier: Apache-2.0
// What a task's state means, with a remedy for every cause.

import QueueModel

/// The core of an explanation.
struct TaskVerdict {
    /// A stable word.
    var cause: String
    /// What goes on behind the task's id in a sentence.
    var predicate: String
    /// What to do, the likeliest first.
    var remedies: [String]
}

// MARK: - Waiting

extension TaskVerdict {
    /// Of a task that has not started, or is between two attempts.
    init(waiting portrait: TaskPortrait, _ facts: TaskCircumstances) {
        if !facts.ring.isEmpty {
            let ring = (facts.ring + facts.ring.prefix(1)).map(\.string).joined(separator: " → ")
            self.init(
                cause: DeadLetterReason.dependencyCycle.rawValue,
                predicate: "can never start, since tasks need each other in a ring: \(ring)",
                remedies: ["submit one of them anew without the dependency: vigil submit --replace"]
            )
            return
        }
        guard let first = portrait.waits.first else {
            self.init(next: portrait, facts.ahead ?? [])
            return
        }
        let text = first.text(now: facts.now)
        let isClause = text.hasPrefix("for ") || text.hasPrefix("until ")
        var predicate = isClause ? "waits \(text)" : "waits: \(text)"
        if case .noSlot = first, let place = Self.place(facts.ahead) { predicate += "; \(place)" }
        for reason in portrait.waits.dropFirst() { predicate += "; also, \(reason.text(now: facts.now))" }
        self.init(
            cause: first.cause,
            predicate: predicate,
            remedies: portrait.waits.flatMap { Self.remedies(for: $0, portrait, facts) }
        )
    }

    /// Nothing holds it back but those before it.
    private init(next portrait: TaskPortrait, _ ahead: [TaskID]) {
        guard let place = Self.place(ahead) else {
            self.init(cause: "queued", predicate: "is next: \(portrait.worker) starts it at once", remedies: [])
            return
        }
        self.init(
            cause: "queued",
            predicate: "is queued: \(place)",
            remedies: ["wait; a higher --priority goes first, and so does who waits longer"]
        )
    }

    private static func place(_ ahead: [TaskID]?) -> String? {
        guard let ahead, !ahead.isEmpty else { return nil }
        let shown = ahead.prefix(3).map(\.string).joined(separator: ", ")
        let more = ahead.count > 3 ? " and \(ahead.count - 3) more" : ""
        return "\(shown)\(more) \(ahead.count == 1 ? "goes" : "go") first, by priority and time of waiting"
    }

    private static func remedies(
        for reason: TaskWaitReason,
        _ portrait: TaskPortrait,
        _ facts: TaskCircumstances
    ) -> [String] {
        let worker = portrait.worker
        switch reason {
        case .dependencies(let needed): return needed.map { Self.remedy(for: $0) }
        case .notBefore: return ["nothing: it starts by itself then"]
        case .retry:
            let number = portrait.attempts.last?.record.number ?? 1
            return [
                "nothing: it starts by itself; see what failed: vigil logs \(facts.id) --attempt \(number) --stderr"
            ]
        case .noDaemon(let sentence):
            // What to do stands behind the semicolon already.
            return [sentence.split(separator: "; ").last.map(String.init) ?? sentence]
        case .paused: return ["let it go on: vigil resume \(worker)"]
        case .draining: return ["start the worker again when it has stopped: vigil worker \(worker)"]
        case .circuitOpen:
            return ["find out why attempts fail: vigil list --state failed --worker \(worker); it goes on by itself"]
        case .circuitHalfOpen: return ["nothing: when the task that is tried succeeds, all go on"]
        case .usageLimited: return ["nothing: it goes on by itself; tasks of another account can run meanwhile"]
        case .rateLimited: return ["nothing: it starts by itself then; or raise RATE_LIMIT"]
        case .budgetSpent: return ["wait for midnight, UTC, or raise DAILY_BUDGET_USD"]
        case .sessionInUse(_, let task):
            return ["nothing: it starts when \(task) has ended; see what that does: vigil logs \(task) --follow"]
        case .degraded: return ["mend what it names; the worker goes on by itself; look closer: vigil doctor"]
        case .noSlot: return ["wait for one of them to end, or let more run at once: vigil scale \(worker) N"]
        }
    }

    private static func remedy(for needed: TaskWaitReason.Dependency) -> String {
        switch needed.state {
        case nil: "submit \(needed.id), or look whether its id is mistyped"
        case "failed", "cancelled", "dead-lettered":
            "run it again before the worker gives this one up: vigil retry \(needed.id)"
        case "running": "wait for its end: vigil wait \(needed.id)"
        default: "see what that one waits for: vigil why \(needed.id)"
        }
    }
}

// MARK: - Running

extension TaskVerdict {
    /// Of a task that runs, as far as can be known.
    init(running portrait: TaskPortrait, _ facts: TaskCircumstances) {
        let current = portrait.attempts.last
        let most = portrait.mostAttempts.map { " of at most \($0)" } ?? ""
        let attempt = "attempt \(current?.record.number ?? 1)\(most)"
        if facts.isCutOff && current?.hasEnded != true {
            self.init(
                cause: FailureReason.interrupted.rawValue,
                predicate: "was cut off in \(attempt): neither its worker nor its supervisor is there any more",
                remedies: ["start the worker, which tries it again: vigil worker \(portrait.worker)"]
            )
            return
        }
        let start = current?.record.startedAt.map { ", since \($0.described(at: facts.now))" } ?? ""
        if case .noDaemon(let sentence)? = portrait.waits.first {
            let end = current?.hasEnded == true ? "has ended" : "runs on"
            self.init(
                cause: "no_daemon",
                predicate: "\(end) in \(attempt)\(start), but \(printable(sentence))",
                remedies: ["start the worker, which takes up the outcome: vigil worker \(portrait.worker)"]
            )
            return
        }
        let check = portrait.check.map { "; its agent is done, and the check \($0) runs" } ?? ""
        self.init(
            cause: "running",
            predicate: "runs: \(attempt)\(start)\(check)",
            remedies: ["see what it does: vigil logs \(facts.id) --follow"]
        )
    }
}

// MARK: - Ended

extension TaskVerdict {
    /// Of a task that is over.
    init(ended portrait: TaskPortrait, _ facts: TaskCircumstances) {
        let end = portrait.result.map { " \(Age(of: $0.timestamp, at: facts.now)) ago" } ?? ""
        let count = portrait.attempts.count
        if portrait.state == .completed {
            let attempts = count > 1 ? " in attempt \(count)" : ""
            self.init(
                cause: "completed",
                predicate: "completed\(end)\(attempts)",
                remedies: ["see what it wrote: vigil logs \(portrait.id)"]
            )
            return
        }
        let letter = portrait.letters.last { !$0.record.reason.isRefusal }?.record
        guard let failure = portrait.failure else {
            let why = letter?.error.map { ": \(printable($0))" } ?? ""
            self.init(
                cause: letter?.reason.rawValue ?? portrait.state.rawValue,
                predicate: "\(portrait.state == .cancelled ? "was cancelled" : "failed")\(end)\(why)",
                remedies: letter == nil ? [] : ["run it again: vigil retry \(portrait.id)"]
            )
            return
        }
        let isRing = letter?.reason == .dependencyCycle
        let attempts =
            count == 0 ? " without an attempt" : count == 1 ? " in its only attempt" : " after \(count) attempts"
        let finality = portrait.isBeyondRetrying ? "; another attempt would fail the same way" : ""
        self.init(
            cause: isRing ? DeadLetterReason.dependencyCycle.rawValue : failure.reason.rawValue,
            predicate: (portrait.state == .cancelled ? "was cancelled" : "failed")
                + "\(end)\(attempts): \(printable(failure.message))\(finality)",
            remedies: Self.remedies(for: failure, facts, isRing: isRing, evidence: portrait.evidence)
        )
    }

    /// Of a file that never was a task.
    init(refused portrait: TaskPortrait) {
        let letter = portrait.letters.last
        let reason = letter?.record.reason ?? .invalidTask
        let remedy =
            switch reason {
            case .invalidJSON: "mend the JSON and submit it again"
            case .invalidTask: "mend the field that is named and submit it again"
            case .tooLarge: "submit a shorter one, with the rest in files, or raise MAX_TASK_BYTES"
            case .workerMismatch: "submit it to the worker that it names, or leave its worker out"
            case .unsafeFile: "put a regular file of the queue's user there, with one name"
            case .duplicateTaskID: "submit it under another id, or in the other one's place: vigil submit --replace"
            default: "see it: vigil dlq show \(portrait.id)"
            }
        self.init(
            cause: reason.rawValue,
            predicate: "was refused: \(printable(letter?.record.error ?? reason.rawValue))",
            remedies: [remedy] + (letter.map { ["what came is in \(printable($0.path))"] } ?? [])
        )
    }

    private static func remedies(
        for failure: Failure,
        _ facts: TaskCircumstances,
        isRing: Bool,
        evidence: String?
    ) -> [String] {
        let id = facts.id
        let logs = "see what it wrote: vigil logs \(id) --stderr"
        let again = "run it again: vigil retry \(id)"
        if isRing { return ["submit one of them anew without the dependency: vigil submit --replace"] }
        switch failure.reason {
        case .exitCode, .agentError: return [logs, again]
        case .signal:
            return ["look who ended it; when memory was short: dmesg, or the limits of its control group", logs, again]
        case .timeout:
            let isHung = failure.message.hasPrefix("hung: ")
            let longer = "give it longer, by --timeout or TASK_TIMEOUT, or make it smaller"
            let limit = "if it was at work, raise the limit that is named, in the agent's profile"
            let view = evidence.map { ["see what it was doing: \(printable($0))"] } ?? []
            return view + [isHung ? limit : longer, logs, again]
        case .usageLimit: return ["wait for the limit's end", again]
        case .authentication: return ["log the agent in as the worker's user, or mend its key", again]
        case .interrupted: return ["look why the machine or the supervisor stopped", again]
        case .spawnFailed: return ["look for the agent's program: vigil doctor", again]
        case .dependencyFailed:
            // The last of the chain is where it began.
            let origin = facts.links.last.map { ", see why: vigil why \($0.id)" } ?? ""
            return ["mend first what it needs\(origin)", again]
        case .expired: return ["submit it again with a later --expires; when nothing took it in time: vigil status"]
        case .cancelled: return ["run it again if it is still wanted: vigil retry \(id)"]
        case .outputLimit: return ["let it write less, or to files of its own", again]
        case .noResult: return [logs, again]
        case .permissionDenied: return ["allow the tool in the command of the agent's profile", again]
        case .verificationFailed:
            return ["see what the check wrote: vigil show \(id)", "mend the work or the check, then \(again)"]
        case .budgetExceeded: return ["raise max_cost_usd or DAILY_BUDGET_USD, or make it smaller", again]
        }
    }
}
