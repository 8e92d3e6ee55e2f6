// SPDX-License-Identifier: Apache-2.0
// What is on record about a task, fact by fact.

import Orchestrator
import QueueModel
import Testing

@Suite struct TaskLifeTests {
    private let patience = Duration.seconds(600)

    @Test func timeCountsFromTheSubmissionOrTheEarliestStart() throws {
        #expect(TaskEntry(try submitted("a")).countsFrom == at(0))
        #expect(TaskEntry(try submitted("a", notBefore: 100)).countsFrom == at(100))
        #expect(TaskEntry(try submitted("a", notBefore: -100)).countsFrom == at(0))
    }

    @Test func claimMakesItRunAndItsTimeGoesOn() throws {
        var entry = TaskEntry(try submitted("a"))
        entry.saw(try submitted("a", at: 50, isClaimed: true))
        #expect(entry.state == .running)
        #expect(entry.countsFrom == at(0))
        entry.saw(try submitted("a", at: 60))
        #expect(entry.state == .running)
    }

    @Test func claimOfAnotherContentReplacesWhatWasSeenInTheInbox() throws {
        var entry = TaskEntry(try submitted("a", description: "another", group: "g"))
        let claim = try submitted("a", at: 50, isClaimed: true)
        entry.saw(claim)
        #expect(entry.digest == claim.digest)
        #expect(entry.group == nil)
        #expect(entry.state == .running)
    }

    @Test(arguments: [(TaskStatus.completed, TaskState.completed), (.failed, .failed), (.cancelled, .cancelled)])
    func resultEndsItAndIsTold(status: TaskStatus, state: TaskState) throws {
        var entry = TaskEntry(try submitted("a", group: "g"))
        let told = entry.ended(try ended("a", status, group: "g"))
        let news = try #require(told)
        #expect(entry.state == state)
        #expect(entry.endedAt == at(10))
        #expect(entry.countsFrom == nil)
        #expect(news.type == .taskCompleted)
        #expect(news.timestamp == at(10))
        #expect(news.data["status"] == .string(status.rawValue))
        #expect(news.data["group"] == "g")
        let keys = ["task_id", "worker", "status", "result_file", "duration_seconds", "group"]
        #expect(news.data.keys == keys + (status == .failed ? ["reason"] : []))
    }

    @Test func sameResultIsToldOnceAndALaterOneAgain() throws {
        var entry = TaskEntry(try ended("a"))
        let results = [try ended("a", mark: 1), try ended("a", mark: 1), try ended("a", .failed, mark: 2)]
        let told = results.map { entry.ended($0) != nil }
        #expect(told == [true, false, true])
        #expect(entry.state == .failed)
    }

    @Test func repeatOfAnEndedTaskChangesNothing() throws {
        var entry = TaskEntry(try ended("a"))
        _ = entry.ended(try ended("a"))
        let before = entry
        entry.saw(try submitted("a", at: 20, hasResult: true))
        #expect(entry == before)
    }

    @Test func taskThatIsSubmittedAgainWithoutItsResultLivesAgain() throws {
        var entry = TaskEntry(try submitted("a"))
        _ = entry.checkedDue(at: at(601), patience: patience)
        _ = entry.ended(try ended("a", .failed, at: 700))
        entry.saw(try submitted("a", at: 800))
        #expect(entry.state == .queued)
        #expect(entry.countsFrom == at(800))
        #expect(!entry.isOverdue)
        #expect(entry.endedAt == nil)
        #expect(entry.reason == nil)
    }

    @Test func overdueIsToldOnceAndNotBefore() throws {
        var entry = TaskEntry(try submitted("a"))
        let told = [599, 600, 700].map { entry.checkedDue(at: at($0), patience: patience) }
        #expect(told[0] == nil && told[2] == nil)
        let news = try #require(told[1])
        #expect(news.type == .taskTimeout)
        #expect(news.data == ["task_id": "a", "worker": "marie", "age_seconds": 600])
        #expect(entry.isOverdue)
        _ = entry.ended(try ended("a"))
        #expect(entry.isOverdue)
    }

    @Test(arguments: DeadLetterReason.allCases)
    func onlyTheRefusalOfThisVeryTaskEndsIt(reason: DeadLetterReason) throws {
        var entry = TaskEntry(try submitted("a"))
        entry.deadLettered(try deadLetter("a", reason))
        let isEnd: Set<DeadLetterReason> = [.invalidJSON, .invalidTask, .tooLarge, .workerMismatch, .unsafeFile]
        #expect(entry.state == (isEnd.contains(reason) ? .failed : .queued))
        var other = TaskEntry(try submitted("a", description: "another"))
        other.deadLettered(try deadLetter("a", reason))
        #expect(other.state == .queued)
    }

    @Test func deadLetterIsToldWithItsFile() throws {
        let news = try deadLetter("a", .expired).announcement
        #expect(news.type == .taskDeadLettered)
        #expect(
            news.data == [
                "task_id": "a", "worker": "marie", "reason": "expired", "file": "/q/dlq/marie/a_1.json",
            ]
        )
    }
}

@Suite struct GroupTallyTests {
    private func group(_ states: TaskState...) throws -> GroupTally {
        var tally = GroupTally(try GroupName("g"))
        for state in states { tally.add(state) }
        tally.changed(at: at(0), patience: .seconds(2))
        return tally
    }

    @Test func groupIsCompleteWhenAllHaveEndedAndNoneHasComeForAWhile() throws {
        var tally = try group(.completed, .failed, .cancelled, .completed)
        let told = [1, 2, 3].map { tally.checked(at: at($0)) }
        #expect(told[0] == nil && told[2] == nil)
        let news = try #require(told[1])
        #expect(news.type == .groupCompleted)
        #expect(news.data == ["group": "g", "tasks": 4, "completed": 2, "failed": 1, "cancelled": 1])
    }

    @Test(arguments: [TaskState.queued, .waiting, .running])
    func openTaskKeepsItOpen(state: TaskState) throws {
        var tally = try group(.completed, state)
        #expect(tally.settlesAt == nil)
        let told = tally.checked(at: at(100))
        #expect(told == nil)
        tally.remove(state)
        tally.add(.completed)
        tally.changed(at: at(50), patience: .seconds(2))
        #expect(tally.settlesAt == at(52))
    }

    @Test func laterTaskOfACompleteGroupIsCountedAndNotTold() throws {
        var tally = try group(.completed)
        _ = tally.checked(at: at(2))
        tally.add(.queued)
        tally.changed(at: at(3), patience: .seconds(2))
        tally.remove(.queued)
        tally.add(.completed)
        tally.changed(at: at(4), patience: .seconds(2))
        #expect(tally.total == 2)
        let told = tally.checked(at: at(100))
        #expect(told == nil)
    }

    @Test func groupThatLostAllItsTasksIsNotComplete() throws {
        var tally = try group(.completed)
        tally.remove(.completed)
        tally.changed(at: at(1), patience: .seconds(2))
        let told = tally.checked(at: at(100))
        #expect(told == nil)
    }
}
