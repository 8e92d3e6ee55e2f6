// SPDX-License-Identifier: Apache-2.0
// Tasks made from a command line or a batch, as pure values.

import Commands
import QueueModel
import TestSupport
import Testing

private let now = Timestamp(iso8601: "2026-11-25T22:15:30.123Z") ?? .earliest

@Suite("New ids")
struct NewTaskIDTests {
    @Test func anIDShowsItsTimeAndSortsByIt() {
        var generator = SeededGenerator(seed: 1)
        let first = NewTaskID(now: now, using: &generator).single
        let later = NewTaskID(now: now.adding(.seconds(1)), using: &generator).single
        #expect(first.string.hasPrefix("t-20261125-221530-"))
        #expect(first.string.count == "t-20261125-221530-4f9a1c07".count)
        #expect(first < later)
    }

    @Test func idsOfOneSecondDiffer() {
        var generator = SeededGenerator(seed: 2)
        let ids = (0..<1000).map { _ in NewTaskID(now: now, using: &generator).single }
        #expect(Set(ids).count == 1000)
    }

    @Test func theIDsOfABatchSortAsItsLines() {
        var generator = SeededGenerator(seed: 3)
        let batch = NewTaskID(now: now, using: &generator)
        let ids = (1...120).map { batch.numbered($0, of: 120) }
        #expect(ids == ids.sorted())
        #expect(ids[6].string == batch.single.string + "-007")
    }
}

@Suite("Task drafts")
struct TaskDraftTests {
    private func task(_ draft: TaskDraft) throws -> TaskRecord {
        try draft.task(id: TaskID("t1"), for: WorkerID("marie"), limits: TaskLimits())
    }

    @Test func nothingIsWrittenThatWasNotGiven() throws {
        let bytes = try task(TaskDraft("say hello")).encoded()
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"task_id":"t1","description":"say hello"}"#)
    }

    @Test func everyOptionHasItsField() throws {
        var draft = TaskDraft("say hello")
        draft.priority = "high"
        draft.timeout = .milliseconds(1500)
        draft.dependencies = [try TaskID("a"), try TaskID("b")]
        draft.notBefore = now
        draft.expiresAt = now.adding(.seconds(60))
        draft.maxRetries = 2
        draft.maxCostUSD = 2.5
        draft.agent = try AgentName("coder")
        draft.sessionID = "s-1"
        draft.verify = [try CheckName("tests")]
        draft.verifyRounds = 1
        draft.workingDirectory = "/src"
        draft.group = try GroupName("g")
        draft.metadata = [try TaskDraft.Metadatum("k=1"), try TaskDraft.Metadatum("empty=")]
        let expected = """
            {"task_id":"t1","description":"say hello","timeout":1.5,"priority":"high","dependencies":["a","b"],\
            "metadata":{"k":"1","empty":""},"not_before":"2026-11-25T22:15:30.123Z",\
            "expires_at":"2026-11-25T22:16:30.123Z","max_retries":2,"max_cost_usd":2.5,"agent":"coder",\
            "session_id":"s-1","verify":["tests"],"verify_rounds":1,"cwd":"/src","group":"g"}
            """
        #expect(String(decoding: try task(draft).encoded(), as: UTF8.self) == expected)
    }

    @Test(arguments: [("-100", -100), ("100", 100), ("+7", 7), ("critical", 100), ("low", -50)])
    func aPriorityIsAWordOrANumber(text: String, expected: Int) throws {
        var draft = TaskDraft("say hello")
        draft.priority = text
        #expect(try task(draft).priority == expected)
    }

    @Test func theWorkersRulesCount() {
        let broken: [(String, (inout TaskDraft) -> Void)] = [
            ("description", { $0.description = " \n" }), ("priority", { $0.priority = "urgent" }),
            ("priority", { $0.priority = "101" }), ("timeout", { $0.timeout = .seconds(86_401) }),
            ("max_retries", { $0.maxRetries = 101 }), ("max_retries", { $0.maxRetries = -1 }),
        ]
        for (field, change) in broken {
            var draft = TaskDraft("say hello")
            change(&draft)
            let error = #expect(throws: TaskRejection.self) { try task(draft) }
            #expect(error?.field == field)
        }
        let long = TaskDraft(String(repeating: "x", count: 1 << 20))
        let error = #expect(throws: TaskRejection.self) { try task(long) }
        #expect(error?.reason == .tooLarge)
    }

    @Test func metadataIsKeyAndText() throws {
        let datum = try TaskDraft.Metadatum("url=http://a?b=c")
        #expect(datum.key == "url" && datum.value == "http://a?b=c")
        for text in ["", "=", "=x", "key"] {
            #expect(throws: (any Error).self) { try TaskDraft.Metadatum(text) }
        }
    }
}

@Suite("Batches")
struct TaskBatchTests {
    private func batch(_ text: String, limits: TaskLimits = TaskLimits()) throws -> [TaskBatch.Line] {
        var generator = SeededGenerator(seed: 4)
        let ids = NewTaskID(now: now, using: &generator)
        return try TaskBatch(Array(text.utf8), for: WorkerID("marie"), limits: limits, ids: ids).lines
    }

    private func problems(_ text: String, limits: TaskLimits = TaskLimits()) -> [TaskBatch.Problem] {
        let error = #expect(throws: TaskBatch.Problems.self) { try batch(text, limits: limits) }
        return error?.problems ?? []
    }

    @Test func everyLineIsATaskAndEmptyOnesAreNone() throws {
        let lines = try batch(
            """
            {"task_id":"a","description":"one","worker":"marie","extra":[1]}

              \t\r
            {"description":"two","task_id":null}\r
            {"description":"three"}
            """
        )
        #expect(lines.map(\.number) == [1, 4, 5])
        #expect(lines[0].task.id.string == "a")
        #expect(lines[0].task.fields["extra"] == [1])
        #expect(lines[1].task.id.string.hasSuffix("-4"))
        #expect(lines[1].task.fields.keys == ["task_id", "description"])
        #expect(Set(lines.map(\.task.id)).count == 3)
    }

    @Test func everyWrongLineIsToldWithItsNumber() {
        let found = problems(
            """
            {"description":"fine"}
            {"description":
            [1]

            {"task_id":"a b","description":"x"}
            {"task_id":"a"}
            {"task_id":"b","description":"x","worker":"anga"}
            {"task_id":"c","description":"x"}
            {"task_id":"c","description":"y"}
            """
        )
        #expect(found.map(\.line) == [2, 3, 5, 6, 7, 9])
        let words = ["column 16", "an array", "task_id", "description: missing", "worker", "the id of line 8"]
        for (problem, word) in zip(found, words) {
            #expect(problem.message.contains(word), "\(problem.message)")
            #expect(!problem.message.contains("line 1,"))
        }
    }

    @Test func theSameTaskTwiceIsARepeat() throws {
        let lines = try batch(#"{"task_id":"a","description":"x"}"# + "\n" + #"{"description":"x","task_id":"a"}"#)
        #expect(lines.map(\.task.id.string) == ["a", "a"])
    }

    @Test func aLineMayBeAsLongAsATaskFile() {
        let line = #"{"description":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#
        let found = problems("\(line)\n{}", limits: TaskLimits(maxBytes: 60))
        #expect(found.map(\.line) == [1, 2])
        #expect(found[0].message.contains("at most 60"))
    }

    @Test func nothingIsAnEmptyBatch() throws {
        #expect(try batch("").isEmpty)
        #expect(try batch("\n\n").isEmpty)
    }
}
