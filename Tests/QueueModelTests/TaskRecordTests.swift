// SPDX-License-Identifier: Apache-2.0
// Every rule of a task file, with the message that names it.

import QueueModel
import Testing

/// One wrong field and the message it must cause.
struct BrokenRule: Sendable, CustomTestStringConvertible {
    let member: String
    let message: String
    var reason = DeadLetterReason.invalidTask

    var testDescription: String { member }

    init(_ member: String, _ message: String, reason: DeadLetterReason = .invalidTask) {
        self.member = member
        self.message = message
        self.reason = reason
    }
}

@Suite struct TaskRecordTests {
    private static let idRule =
        "1 to 128 letters, digits, \".\", \"_\" or \"-\", the first a letter or digit, without \"..\", not ending in \".json\""
    private static let timeoutRule = "give a number of seconds greater than 0 and at most 86400"
    private static let priorityRule =
        "give \"critical\", \"high\", \"normal\", \"low\" or an integer from -100 to 100"
    private static let retriesRule = "give an integer from 0 to 100"
    private static let timeRule = "give a time like 2026-01-02T03:04:05Z, with \"Z\" or an offset like +01:00"
    private static let descriptionRule = "give the prompt for the agent as a string that is not only white space"

    /// Reads a task made of valid required fields and the given members, which replace them.
    private func decode(_ members: String, limits: TaskLimits = TaskLimits()) throws -> TaskRecord {
        var fields = "\"task_id\":\"a\",\"description\":\"do it\""
        if members.contains("\"task_id\":") { fields = "\"description\":\"do it\"" }
        if members.contains("\"description\":") { fields = "\"task_id\":\"a\"" }
        let separator = members.isEmpty ? "" : ","
        return try TaskRecord.decode(
            Array("{\(fields)\(separator)\(members)}".utf8),
            for: try WorkerID("marie"),
            limits: limits
        )
    }

    private func rejection(_ text: String, limits: TaskLimits = TaskLimits()) throws -> TaskRejection {
        let marie = try WorkerID("marie")
        return try #require(throws: TaskRejection.self) {
            try TaskRecord.decode(Array(text.utf8), for: marie, limits: limits)
        }
    }

    // MARK: Accepted

    @Test func createdAtOfTheOlderSystemHasNoZone() throws {
        let text = #"{"task_id":"a","description":"d","created_at":"2025-11-19T03:04:05.678901"}"#
        let task = try TaskRecord.decode(Array(text.utf8), for: try WorkerID("marie"))
        #expect(task.createdAt?.description == "2025-11-19T03:04:05.678Z")
        let other = #"{"task_id":"a","description":"d","not_before":"2025-11-19T03:04:05"}"#
        #expect(try rejection(other).field == "not_before")
    }

    @Test func everyFieldIsRead() throws {
        let text = """
            {"task_id":"demo-001","description":"Analyse","worker":"marie","timeout":90.5,"priority":"high",
             "dependencies":["x","y"],"metadata":{"k":[1,null]},"created_at":"2026-01-02T03:04:05.678Z",
             "not_before":"2026-01-02T03:05:00Z","expires_at":"2026-01-03T00:00:00+01:00","max_retries":5,
             "agent":"claude","session_id":"s-1","cwd":"/work","group":"g.1","verify":["tests","lint","tests"],
             "verify_rounds":3,"color":"blue"}
            """
        let task = try TaskRecord.decode(Array(text.utf8), for: try WorkerID("marie"))
        #expect(task.id.string == "demo-001")
        #expect(task.description == "Analyse")
        #expect(task.worker?.string == "marie")
        #expect(task.timeout == .milliseconds(90_500))
        #expect(task.priority == 50)
        #expect(task.dependencies.map(\.string) == ["x", "y"])
        #expect(task.verify.map(\.string) == ["tests", "lint"])
        #expect(task.verifyRounds == 3)
        #expect(task.metadata == ["k": [1, nil]])
        #expect(task.createdAt?.description == "2026-01-02T03:04:05.678Z")
        #expect(task.notBefore?.description == "2026-01-02T03:05:00.000Z")
        #expect(task.expiresAt?.description == "2026-01-02T23:00:00.000Z")
        #expect(task.maxRetries == 5)
        #expect(task.agent?.string == "claude")
        #expect(task.sessionID == "s-1")
        #expect(task.workingDirectory == "/work")
        #expect(task.group?.string == "g.1")
        #expect(task.fields["color"] == "blue")
    }

    @Test func requiredFieldsAreEnough() throws {
        let task = try decode("")
        #expect(task.worker == nil)
        #expect(task.timeout == nil)
        #expect(task.priority == 0)
        #expect(task.dependencies.isEmpty)
        #expect(task.metadata == nil)
        #expect(task.createdAt == nil)
        #expect(task.notBefore == nil)
        #expect(task.expiresAt == nil)
        #expect(task.maxRetries == nil)
        #expect(task.agent == nil)
        #expect(task.sessionID == nil)
        #expect(task.workingDirectory == nil)
        #expect(task.group == nil)
    }

    @Test(arguments: [
        "worker", "timeout", "priority", "dependencies", "metadata", "created_at", "not_before", "expires_at",
        "max_retries", "agent", "session_id", "cwd", "group", "verify", "verify_rounds",
    ])
    func nullCountsAsAbsent(_ field: String) throws {
        let task = try decode("\"\(field)\":null")
        #expect(task.fields[field] == .null)
        #expect(task.priority == 0)
    }

    @Test(arguments: [
        ("\"critical\"", 100), ("\"high\"", 50), ("\"normal\"", 0), ("\"low\"", -50), ("0", 0), ("-100", -100),
        ("100", 100), ("5.0", 5), ("1e1", 10), ("-0", 0),
    ])
    func prioritiesAreWordsOrIntegers(_ text: String, _ priority: Int) throws {
        #expect(try decode("\"priority\":\(text)").priority == priority)
    }

    @Test(arguments: [
        ("1", Duration.seconds(1)), ("0.5", .milliseconds(500)), ("86400", .seconds(86_400)), ("6e1", .seconds(60)),
        ("0.0004", .milliseconds(1)), ("1e-300", .milliseconds(1)), ("12.3456", .milliseconds(12_346)),
    ])
    func timeoutsAreSecondsOfAtLeastAMillisecond(_ text: String, _ timeout: Duration) throws {
        #expect(try decode("\"timeout\":\(text)").timeout == timeout)
    }

    @Test func longestTimeoutComesFromTheLimits() throws {
        let limits = TaskLimits(maxTimeout: .milliseconds(1500))
        #expect(try decode("\"timeout\":1.5", limits: limits).timeout == .milliseconds(1500))
        let error = try #require(throws: TaskRejection.self) { try decode("\"timeout\":1.6", limits: limits) }
        #expect(
            error.message == "timeout: 1.6 is not allowed; give a number of seconds greater than 0 and at most 1.5"
        )
    }

    @Test func repeatedDependenciesAreKeptOnce() throws {
        #expect(try decode("\"dependencies\":[\"x\",\"y\",\"x\"]").dependencies.map(\.string) == ["x", "y"])
    }

    @Test(arguments: ["\\u0000", "-p", "--flag", "  x", "x\\n", "\u{200B}", "\\u001b[31m", "%s", "<b>"])
    func anyDescriptionThatIsNotBlankIsKept(_ text: String) throws {
        let task = try decode("\"description\":\"\(text)\"")
        #expect(task.fields["description"] == .string(task.description))
        #expect(!task.description.isEmpty)
    }

    // MARK: Refused

    static let rules: [BrokenRule] = [
        BrokenRule("\"task_id\":null", "task_id: missing; give \(idRule)"),
        BrokenRule("\"task_id\":7", "task_id: 7 is a number; give \(idRule)"),
        BrokenRule("\"task_id\":\"\"", "task_id: \"\" is not allowed; give \(idRule)"),
        BrokenRule("\"task_id\":\"../../x\"", "task_id: \"../../x\" is not allowed; give \(idRule)"),
        BrokenRule("\"task_id\":\"a\\u0000b\"", "task_id: \"a\\u0000b\" is not allowed; give \(idRule)"),
        BrokenRule("\"task_id\":\"a\\nb\"", "task_id: \"a\\nb\" is not allowed; give \(idRule)"),
        BrokenRule("\"description\":null", "description: missing; \(descriptionRule)"),
        BrokenRule("\"description\":[\"x\"]", "description: is an array; \(descriptionRule)"),
        BrokenRule("\"description\":\"\"", "description: empty; \(descriptionRule)"),
        BrokenRule("\"description\":\" \\t\\n\u{A0}\u{3000}\"", "description: empty; \(descriptionRule)"),
        BrokenRule(
            "\"worker\":\"anga\"",
            "worker: \"anga\" does not match the directory of \"marie\"; move the file or leave it out",
            reason: .workerMismatch
        ),
        BrokenRule(
            "\"worker\":\"Marie\"",
            "worker: \"Marie\" does not match the directory of \"marie\"; move the file or leave it out",
            reason: .workerMismatch
        ),
        BrokenRule(
            "\"worker\":\"a/b\"",
            "worker: \"a/b\" is not allowed; give \(WorkerIDRule.ruleText)"
        ),
        BrokenRule("\"worker\":{}", "worker: is an object; give \(WorkerIDRule.ruleText)"),
        BrokenRule("\"timeout\":\"60\"", "timeout: \"60\" is a string; \(timeoutRule)"),
        BrokenRule("\"timeout\":true", "timeout: true is a boolean; \(timeoutRule)"),
        BrokenRule("\"timeout\":[60]", "timeout: is an array; \(timeoutRule)"),
        BrokenRule("\"timeout\":0", "timeout: 0 is not allowed; \(timeoutRule)"),
        BrokenRule("\"timeout\":-0", "timeout: -0 is not allowed; \(timeoutRule)"),
        BrokenRule("\"timeout\":-1", "timeout: -1 is not allowed; \(timeoutRule)"),
        BrokenRule("\"timeout\":1e-400", "timeout: 1e-400 is not allowed; \(timeoutRule)"),
        BrokenRule("\"timeout\":86400.001", "timeout: 86400.001 is not allowed; \(timeoutRule)"),
        BrokenRule("\"timeout\":1e300", "timeout: 1e300 is not allowed; \(timeoutRule)"),
        BrokenRule("\"timeout\":9223372036854775808", "timeout: 9223372036854775808 is not allowed; \(timeoutRule)"),
        BrokenRule("\"priority\":\"High\"", "priority: \"High\" is not a priority; \(priorityRule)"),
        BrokenRule("\"priority\":\"50\"", "priority: \"50\" is not a priority; \(priorityRule)"),
        BrokenRule("\"priority\":101", "priority: 101 is not allowed; \(priorityRule)"),
        BrokenRule("\"priority\":-101", "priority: -101 is not allowed; \(priorityRule)"),
        BrokenRule("\"priority\":0.5", "priority: 0.5 is not allowed; \(priorityRule)"),
        BrokenRule("\"priority\":1e300", "priority: 1e300 is not allowed; \(priorityRule)"),
        BrokenRule(
            "\"priority\":123456789012345678901234567890123456789012345",
            "priority: 1234567890123456789012345678901234567890… is not allowed; \(priorityRule)"
        ),
        BrokenRule("\"priority\":false", "priority: false is a boolean; \(priorityRule)"),
        BrokenRule("\"priority\":{}", "priority: is an object; \(priorityRule)"),
        BrokenRule("\"dependencies\":\"x\"", "dependencies: \"x\" is a string; give an array of task ids"),
        BrokenRule("\"dependencies\":{}", "dependencies: is an object; give an array of task ids"),
        BrokenRule("\"dependencies\":[\"x\",1]", "dependencies[1]: 1 is a number; give \(idRule)"),
        BrokenRule("\"dependencies\":[null]", "dependencies[0]: is null; give \(idRule)"),
        BrokenRule("\"dependencies\":[\"a b\"]", "dependencies[0]: \"a b\" is not allowed; give \(idRule)"),
        BrokenRule("\"metadata\":[]", "metadata: is an array; give an object"),
        BrokenRule("\"metadata\":\"x\"", "metadata: \"x\" is a string; give an object"),
        BrokenRule("\"created_at\":1767323045", "created_at: 1767323045 is a number; \(timeRule)"),
        BrokenRule("\"created_at\":\"yesterday\"", "created_at: \"yesterday\" is not a time; \(timeRule)"),
        BrokenRule(
            "\"not_before\":\"2026-01-02T03:04:05\"",
            "not_before: \"2026-01-02T03:04:05\" is not a time; \(timeRule)"
        ),
        BrokenRule("\"expires_at\":\"\"", "expires_at: \"\" is not a time; \(timeRule)"),
        BrokenRule("\"max_retries\":-1", "max_retries: -1 is not allowed; \(retriesRule)"),
        BrokenRule("\"max_retries\":101", "max_retries: 101 is not allowed; \(retriesRule)"),
        BrokenRule("\"max_retries\":1.5", "max_retries: 1.5 is not allowed; \(retriesRule)"),
        BrokenRule("\"max_retries\":\"3\"", "max_retries: \"3\" is a string; \(retriesRule)"),
        BrokenRule("\"max_retries\":true", "max_retries: true is a boolean; \(retriesRule)"),
        BrokenRule("\"verify_rounds\":21", "verify_rounds: 21 is not allowed; give an integer from 0 to 20"),
        BrokenRule("\"verify\":\"make test\"", "verify: \"make test\" is not allowed; give \(CheckNameRule.ruleText)"),
        BrokenRule("\"verify\":[\"a\",1]", "verify[1]: 1 is a number; give \(CheckNameRule.ruleText)"),
        BrokenRule("\"verify\":{}", "verify: is an object; give the name of a check, or an array of such names"),
        BrokenRule("\"agent\":\"Claude\"", "agent: \"Claude\" is not allowed; give \(AgentNameRule.ruleText)"),
        BrokenRule("\"agent\":[\"sh\"]", "agent: is an array; give \(AgentNameRule.ruleText)"),
        BrokenRule(
            "\"session_id\":1",
            "session_id: 1 is a number; give the agent's conversation to resume as a string"
        ),
        BrokenRule(
            "\"session_id\":\"\"",
            "session_id: empty; give the agent's conversation to resume, or leave it out"
        ),
        BrokenRule("\"cwd\":\"\"", "cwd: empty; give a directory, or leave it out"),
        BrokenRule("\"cwd\":\"/a\\u0000/../b\"", "cwd: contains a zero byte; give a directory, or leave it out"),
        BrokenRule("\"cwd\":true", "cwd: true is a boolean; give a directory as a string"),
        BrokenRule("\"group\":\"a/b\"", "group: \"a/b\" is not allowed; give \(idRule)"),
    ]

    @Test(arguments: rules)
    func brokenRulesAreNamed(_ rule: BrokenRule) throws {
        let error = try #require(throws: TaskRejection.self) { try decode(rule.member) }
        #expect(error.message == rule.message)
        #expect(error.reason == rule.reason)
        #expect(error.field.map { rule.message.hasPrefix($0 + ": ") } == true)
        #expect(error.fields?.isEmpty == false)
    }

    @Test func aMissingFieldIsNamed() throws {
        #expect(try rejection("{}").message == "task_id: missing; give \(Self.idRule)")
        #expect(try rejection("{\"task_id\":\"a\"}").message == "description: missing; \(Self.descriptionRule)")
    }

    @Test(arguments: [
        ("[]", "an array"), ("5", "a number"), ("null", "null"), ("\"x\"", "a string"), ("true", "a boolean"),
    ])
    func onlyAnObjectIsATask(_ text: String, _ kind: String) throws {
        let error = try rejection(text)
        #expect(error.reason == .invalidTask)
        #expect(error.message == "the file holds \(kind); give one JSON object")
        #expect(error.fields == nil)
    }

    @Test(arguments: ["", "  ", "{nope", "{\"a\":1,}", "{\"task_id\":\"a\",\"task_id\":\"a\"}", "{\"timeout\":1e400}"])
    func whatIsNotJSONHasAReasonOfItsOwn(_ text: String) throws {
        let error = try rejection(text)
        #expect(error.reason == .invalidJSON)
        #expect(error.message.hasPrefix("line 1, column "))
        #expect(error.taskID == nil)
    }

    @Test func whatIsTooLargeHasAReasonOfItsOwn() throws {
        let text = "{\"task_id\":\"a\",\"description\":\"x\"}"
        #expect(throws: Never.self) { try rejectionFree(text, limit: text.utf8.count) }
        let error = try rejection(text, limits: TaskLimits(maxBytes: text.utf8.count - 1))
        #expect(error.reason == .tooLarge)
        #expect(error.message == "the file has 33 bytes; at most 32 are allowed")
    }

    private func rejectionFree(_ text: String, limit: Int) throws {
        _ = try TaskRecord.decode(Array(text.utf8), for: WorkerID("marie"), limits: TaskLimits(maxBytes: limit))
    }

    @Test func aRejectionKeepsTheIDWhenThatIsSound() throws {
        #expect(try rejection("{\"task_id\":\"a\",\"description\":\"\"}").taskID?.string == "a")
        #expect(try rejection("{\"task_id\":\"a/b\",\"description\":\"x\"}").taskID == nil)
    }

    @Test func aByteOrderMarkIsSkipped() throws {
        let text = "\u{FEFF}{\"task_id\":\"a\",\"description\":\"x\"}"
        #expect(try TaskRecord.decode(Array(text.utf8), for: WorkerID("marie")).id.string == "a")
    }

    // MARK: Written again

    @Test func everyFieldIsWrittenAsItCame() throws {
        let text = #"{"zeta":1.50,"task_id":"a","description":"é","timout":60,"x":null,"big":1e300,"o":{"b":1,"a":2}}"#
        let task = try TaskRecord.decode(Array(text.utf8), for: WorkerID("marie"))
        #expect(String(decoding: task.encoded(), as: UTF8.self) == text)
        #expect(try TaskRecord.decode(task.encoded(pretty: true), for: WorkerID("marie")) == task)
    }

    @Test func additionsOfADeadLetterAreDropped() throws {
        let task = try decode(
            """
            "keep":1,"dlq_reason":"expired","dlq_timestamp":"?","dlq_error":[],"dlq_other":{},"retry_count":3,
            "attempts":[{}]
            """
        )
        #expect(task.fields.keys == ["task_id", "description", "keep"])
    }

    @Test func countsOfATaskThatWasNoDeadLetterAreKept() throws {
        let task = try decode("\"retry_count\":3,\"attempts\":\"many\",\"dlq\":1,\"dlq_x\":2")
        #expect(task.fields.keys == ["task_id", "description", "retry_count", "attempts", "dlq"])
    }

    @Test func digestIgnoresWhatCarriesNoMeaning() throws {
        let marie = try WorkerID("marie")
        func digest(_ text: String) throws -> String {
            try TaskRecord.decode(Array(text.utf8), for: marie).contentDigest
        }
        let plain = try digest(#"{"task_id":"a","description":"é"}"#)
        #expect(plain == Digest.sha256(Array(#"{"description":"é","task_id":"a"}"#.utf8)))
        #expect(try digest("\u{FEFF}{ \"description\" : \"\\u00e9\" ,\n\"task_id\":\"a\" }") == plain)
        #expect(try digest(#"{"task_id":"a","description":"é","dlq_reason":"expired","attempts":[]}"#) == plain)
        #expect(try digest(#"{"task_id":"a","description":"é!"}"#) != plain)
        #expect(try digest(#"{"task_id":"a","description":"é","x":null}"#) != plain)
        #expect(try digest("{\"task_id\":\"a\",\"description\":\"e\u{301}\"}") != plain)
    }
}
