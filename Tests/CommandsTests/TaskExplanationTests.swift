// SPDX-License-Identifier: Apache-2.0
// What `vigil why` says, for every cause that there is.

import Commands
import QueueModel
import TestSupport
import Testing

@Suite("Explanations")
struct TaskExplanationTests {
    private static let now = Timestamp(iso8601: "2026-11-25T22:15:30Z") ?? .earliest

    /// A case by name, and the circumstances that it makes.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let make: @Sendable () throws -> TaskCircumstances
        var testDescription: String { name }
    }

    @Test(arguments: waiting + running + ended + refused)
    func everyCauseHasItsSentence(_ example: Case) throws {
        let facts = try example.make()
        let explanation = TaskExplanation(facts)
        #expect(!explanation.cause.isEmpty && !explanation.sentence.contains("\n"))
        let document = String(decoding: JSONWriter.bytes(explanation.json(facts), pretty: true), as: UTF8.self)
        try Golden.expect("\(explanation.text(now: Self.now))\n\n\(document)", "why/\(example.name).txt")
    }

    @Test func everyFileOfGoldensBelongsToACase() throws {
        let names = (Self.waiting + Self.running + Self.ended + Self.refused).map { "\($0.name).txt" }
        #expect(try Golden.names(in: "why") == names.sorted())
    }

    @Test func everyReasonOfFailingHasACaseOrARemedy() throws {
        for reason in FailureReason.allCases {
            let facts = try Self.failed(reason, permanent: false, letter: .maxRetriesExceeded)
            #expect(TaskExplanation(facts).cause == reason.rawValue)
            #expect(!TaskExplanation(facts).remedies.isEmpty)
        }
        for reason in DeadLetterReason.allCases {
            #expect(TaskExplanation(try Self.refusal(reason, "why")).cause == reason.rawValue)
        }
    }
}

// MARK: - Waiting and running

extension TaskExplanationTests {
    private static func portrait(
        _ id: String,
        _ state: TaskPortrait.State,
        worker: String = "marie"
    ) throws -> TaskPortrait {
        var portrait = TaskPortrait(id: try TaskID(id), worker: try WorkerID(worker), state: state)
        portrait.queuedAt = now.adding(.seconds(-90))
        portrait.mostAttempts = 4
        return portrait
    }

    private static func facts(_ portrait: TaskPortrait) -> TaskCircumstances {
        var facts = TaskCircumstances(id: portrait.id, now: now)
        facts.portrait = portrait
        return facts
    }

    private static func waits(
        _ name: String,
        _ change: @escaping @Sendable (inout TaskCircumstances) throws -> Void = { _ in },
        for reasons: @escaping @Sendable () throws -> [TaskWaitReason]
    ) -> Case {
        Case(name: name) {
            var portrait = try portrait("t1", .waiting)
            portrait.waits = try reasons()
            var facts = facts(portrait)
            try change(&facts)
            return facts
        }
    }

    fileprivate static var waiting: [Case] {
        [
            Case(name: "next") {
                var facts = facts(try portrait("t1", .queued))
                facts.ahead = []
                return facts
            },
            Case(name: "queued-behind") {
                var facts = facts(try portrait("t1", .queued))
                facts.ahead = try ["a", "b", "c", "d"].map { try TaskID($0) }
                return facts
            },
            waits("no-slot", { $0.ahead = [try TaskID("a")] }) {
                [.noSlot(running: [try TaskID("r1"), try TaskID("r2")])]
            },
            waits("worker-not-running") { [.noDaemon("the daemon of marie stopped 1m ago; start it: vigil up")] },
            waits("paused") { [.paused] },
            waits("paused-without-daemon") {
                [.noDaemon("the daemon of marie stopped 1m ago; start it: vigil up"), .paused]
            },
            waits("cancel-asked-without-daemon", { $0.cancelAskedAt = now.adding(.seconds(-3)) }) {
                [.noDaemon("the daemon of marie stopped 1m ago; start it: vigil up")]
            },
            waits("draining") { [.draining] },
            waits("not-before") { [.notBefore(now.adding(.seconds(3600)))] },
            waits("circuit-open") { [.circuitOpen(until: now.adding(.seconds(40)))] },
            waits("circuit-half-open") { [.circuitHalfOpen] },
            waits("session") { [.sessionInUse(session: "0b1c-2", by: try TaskID("a"))] },
            waits("disk") { [.degraded("disk: write /q/results: no space left on device")] },
            waits("two-reasons") { [.notBefore(now.adding(.seconds(60))), .paused] },
            Case(name: "retry-delay", make: retryDelay),
            Case(name: "dependency-chain", make: chain),
            waits("dependency-unknown", { $0.links = [.init(depth: 1, id: try TaskID("a"), portrait: nil)] }) {
                [.dependencies([.init(id: try TaskID("a"), state: nil)])]
            },
            waits("dependency-failed") { [.dependencies([.init(id: try TaskID("a"), state: "failed")])] },
            waits("ring", { $0.ring = [try TaskID("t1"), try TaskID("a")] }) {
                [.dependencies([.init(id: try TaskID("a"), state: "queued")])]
            },
            Case(name: "unknown") {
                var facts = TaskCircumstances(id: try TaskID("t1"), now: now)
                facts.root = "/q"
                facts.nearest = [try TaskID("t11"), try TaskID("t2")]
                return facts
            },
            Case(name: "unfinished-file") {
                var facts = TaskCircumstances(id: try TaskID("t1"), now: now)
                facts.unfinishedFile = "/q/tasks/marie/t1.json"
                return facts
            },
        ]
    }

    @Sendable private static func retryDelay() throws -> TaskCircumstances {
        var portrait = try portrait("t1", .waiting)
        portrait.waits = [.retry(until: now.adding(.seconds(4)))]
        portrait.attempts = [TaskPortrait.Attempt(record: attempt(1, .exitCode, "the agent exited with code 3"))]
        return facts(portrait)
    }

    /// t1 needs a, which runs, and b, which needs c, which is paused elsewhere.
    @Sendable private static func chain() throws -> TaskCircumstances {
        var first = try portrait("t1", .waiting)
        first.waits = [
            .dependencies([.init(id: try TaskID("a"), state: "running"), .init(id: try TaskID("b"), state: "queued")])
        ]
        var second = try portrait("b", .waiting, worker: "anga")
        second.waits = [.dependencies([.init(id: try TaskID("c"), state: "queued")])]
        var third = try portrait("c", .waiting, worker: "fabien")
        third.waits = [.paused]
        var facts = facts(first)
        facts.links = [
            .init(depth: 1, id: try TaskID("a"), portrait: try portrait("a", .running)),
            .init(depth: 1, id: second.id, portrait: second), .init(depth: 2, id: third.id, portrait: third),
        ]
        return facts
    }

    fileprivate static var running: [Case] {
        [
            Case(name: "running") { try runs { _, _ in } },
            Case(name: "running-without-daemon") {
                try runs { portrait, _ in
                    portrait.waits = [
                        .noDaemon("the daemon of marie is gone, its last heartbeat is 1m old; start it: vigil up")
                    ]
                }
            },
            Case(name: "running-cancel-asked") { try runs { $1.cancelAskedAt = now.adding(.seconds(-3)) } },
            Case(name: "running-check") { try runs { portrait, _ in portrait.check = CheckName(bytes: "tests".utf8) } },
            Case(name: "cut-off") { try runs { $1.isCutOff = true } },
        ]
    }

    private static func runs(
        _ change: (inout TaskPortrait, inout TaskCircumstances) -> Void
    ) throws -> TaskCircumstances {
        var portrait = try portrait("t1", .running)
        let record = AttemptRecord(number: 2, startedAt: now.adding(.seconds(-5)))
        portrait.attempts = [
            TaskPortrait.Attempt(record: attempt(1, .timeout, "no end after 10m")),
            TaskPortrait.Attempt(record: record, isCurrent: true, hasEnded: false),
        ]
        var more = TaskCircumstances(id: portrait.id, now: now)
        change(&portrait, &more)
        more.portrait = portrait
        return more
    }

    private static func attempt(_ number: Int, _ reason: FailureReason?, _ message: String?) -> AttemptRecord {
        AttemptRecord(
            number: number,
            startedAt: now.adding(.seconds(-60)),
            finishedAt: now.adding(.seconds(-30)),
            exitCode: 3,
            reason: reason,
            message: message,
            duration: .seconds(30)
        )
    }
}

// MARK: - Ended and refused

extension TaskExplanationTests {
    private static func letter(_ reason: DeadLetterReason, _ error: String) throws -> TaskPortrait.Letter {
        var record = DeadLetterRecord(task: nil, worker: try WorkerID("marie"), reason: reason, timestamp: now)
        record.error = error
        return TaskPortrait.Letter(path: "/q/dlq/marie/t1_1795644930.json", record: record)
    }

    private static func failed(
        _ reason: FailureReason,
        _ message: String = "it went wrong",
        permanent: Bool,
        letter letterReason: DeadLetterReason,
        attempts: Int = 1,
        status: TaskStatus = .failed
    ) throws -> TaskCircumstances {
        var portrait = try portrait("t1", status == .cancelled ? .cancelled : .failed)
        var result = ResultRecord(taskID: portrait.id, worker: portrait.worker, status: status, timestamp: now)
        result.failure = Failure(reason: reason, message: message, isPermanent: permanent)
        portrait.result = result
        portrait.attempts = (0..<attempts).map { TaskPortrait.Attempt(record: attempt($0 + 1, reason, message)) }
        if status == .failed { portrait.letters = [try letter(letterReason, message)] }
        return facts(portrait)
    }

    private static func fails(
        _ name: String,
        _ reason: FailureReason,
        _ message: String,
        permanent: Bool = false,
        letter: DeadLetterReason = .maxRetriesExceeded,
        attempts: Int = 1,
        status: TaskStatus = .failed
    ) -> Case {
        Case(name: name) {
            try failed(reason, message, permanent: permanent, letter: letter, attempts: attempts, status: status)
        }
    }

    fileprivate static var ended: [Case] {
        [
            Case(name: "completed") {
                var portrait = try portrait("t1", .completed)
                portrait.attempts = [
                    TaskPortrait.Attempt(record: attempt(1, .signal, "ended by SIGKILL")),
                    TaskPortrait.Attempt(record: attempt(2, nil, nil)),
                ]
                portrait.result = ResultRecord(
                    taskID: portrait.id,
                    worker: portrait.worker,
                    status: .completed,
                    timestamp: now.adding(.seconds(-29))
                )
                return facts(portrait)
            },
            fails("max-retries", .exitCode, "the agent exited with code 3", attempts: 4),
            fails("signal", .signal, "ended by SIGKILL", attempts: 2),
            fails("timeout", .timeout, "no end after 10m"),
            fails("agent-error", .agentError, "the model refused", permanent: true, letter: .permanentFailure),
            fails("usage-limit", .usageLimit, "usage limit reached until 23:00"),
            fails("authentication", .authentication, "not logged in", permanent: true, letter: .permanentFailure),
            fails("interrupted", .interrupted, "cut off by a crash"),
            fails("spawn-failed", .spawnFailed, "claude: no such file", permanent: true, letter: .permanentFailure),
            fails(
                "verification",
                .verificationFailed,
                "the check tests failed: exit code 2: 1 of 30 tests failed",
                permanent: true,
                letter: .permanentFailure,
                attempts: 3
            ),
            fails("output-limit", .outputLimit, "more than 1 GiB of output"),
            fails("dependency-gave-up", .dependencyFailed, "a failed", letter: .dependencyFailed, attempts: 0),
            Case(name: "dependency-gave-up-chain") {
                var facts = try failed(
                    .dependencyFailed,
                    "a failed",
                    permanent: false,
                    letter: .dependencyFailed,
                    attempts: 0
                )
                let first = try failed(.dependencyFailed, "b failed", permanent: false, letter: .dependencyFailed)
                let second = try failed(.timeout, "no end after 10m", permanent: false, letter: .maxRetriesExceeded)
                facts.links = [
                    .init(depth: 1, id: try TaskID("a"), portrait: first.portrait),
                    .init(depth: 2, id: try TaskID("b"), portrait: second.portrait),
                ]
                return facts
            },
            fails("ring-gave-up", .dependencyFailed, "t1 and a need each other", letter: .dependencyCycle, attempts: 0),
            fails("expired", .expired, "not started by 22:00", letter: .expired, attempts: 0),
            fails("cancelled", .cancelled, "cancelled on request", attempts: 0, status: .cancelled),
            fails("cancelled-attempt", .cancelled, "cancelled on request", permanent: true, status: .cancelled),
            Case(name: "failed-without-result") {
                var portrait = try portrait("t1", .failed)
                portrait.letters = [try letter(.maxRetriesExceeded, "the agent exited with code 3")]
                return facts(portrait)
            },
            Case(name: "completed-with-a-refused-double") {
                var portrait = try portrait("t1", .completed)
                portrait.letters = [try letter(.duplicateTaskID, "task t1 has a result of marie")]
                return facts(portrait)
            },
        ]
    }

    private static func refusal(_ reason: DeadLetterReason, _ error: String) throws -> TaskCircumstances {
        var portrait = try portrait("t1", .refused)
        portrait.queuedAt = nil
        portrait.letters = [try letter(reason, error)]
        return facts(portrait)
    }

    fileprivate static var refused: [Case] {
        [
            Case(name: "invalid-json") { try refusal(.invalidJSON, "line 1, column 3: expected a string") },
            Case(name: "invalid-task") { try refusal(.invalidTask, "priority: give -100 to 100") },
            Case(name: "too-large") { try refusal(.tooLarge, "2000000 bytes; at most 1048576") },
            Case(name: "worker-mismatch") { try refusal(.workerMismatch, "worker: it names anga") },
            Case(name: "unsafe-file") { try refusal(.unsafeFile, "it is a symbolic link") },
            Case(name: "duplicate-id") { try refusal(.duplicateTaskID, "task t1 is queued already") },
        ]
    }
}
