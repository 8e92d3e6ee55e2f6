// SPDX-License-Identifier: Apache-2.0
// What follows from each way an attempt can end.

import Agents
import QueueModel
import Resilience
import Supervision
import TestSupport
import Testing
import Worker

@Suite("Verdict")
struct VerdictTests {
    private let policy = RetryPolicy(maxRetries: 2, initialDelay: .seconds(1), backoff: 2, maxDelay: .seconds(300))

    private func verdict(
        _ end: AttemptEnd,
        attempt: Int,
        _ policy: RetryPolicy? = nil,
        isCancelRequested: Bool = false
    ) -> Verdict {
        var generator = SeededGenerator(seed: 1)
        return (policy ?? self.policy)
            .verdict(on: end, attempt: attempt, isCancelRequested: isCancelRequested, using: &generator)
    }

    private func outcome(_ ending: String, cutOff: String = "null") throws -> Outcome {
        let text = """
            {"version":2,"run_id":"r1","attempt":1,\(ending),"cut_off":\(cutOff),"started_at":"2026-01-02T03:04:05.000Z",\
            "finished_at":"2026-01-02T03:04:06.000Z","duration_us":1000000,"stdout_bytes":0,"stderr_bytes":0,\
            "stragglers_killed":0,"cpu_us":0,"max_resident_bytes":0}
            """
        return Outcome.outcome(
            of: try ExitRecord(decoding: Array(text.utf8)),
            stdout: OutputExcerpt("an answer\n"),
            stderr: OutputExcerpt(""),
            profile: .claude()
        )
    }

    @Test func successCompletesAtAnyAttempt() throws {
        let success = try outcome(#""ending":"exited","exit_code":0"#)
        for attempt in 1...3 { #expect(verdict(.judged(success), attempt: attempt) == .complete(success)) }
    }

    @Test func failureIsRepeatedWithGrowingDelayAndThenGivenUp() throws {
        let failed = try outcome(#""ending":"exited","exit_code":3"#)
        let failure = try #require(failed.failure)
        #expect(verdict(.judged(failed), attempt: 1) == .retry(failure, after: .seconds(1)))
        #expect(verdict(.judged(failed), attempt: 2) == .retry(failure, after: .seconds(2)))
        #expect(verdict(.judged(failed), attempt: 3) == .giveUp(failure, .maxRetriesExceeded))
    }

    @Test func whatACheckFoundIsMendedAtOnceOrNeverAgain() throws {
        let success = try outcome(#""ending":"exited","exit_code":0"#)
        func end(_ reason: FailureReason, isPermanent: Bool) -> (AttemptEnd, Failure) {
            let failure = Failure(reason: reason, message: "the check tests failed", isPermanent: isPermanent)
            return (.unverified(success, failure), failure)
        }
        #expect(verdict(.verified(success), attempt: 3, isCancelRequested: true) == .complete(success))
        let (open, failure) = end(.verificationFailed, isPermanent: false)
        #expect(verdict(open, attempt: 2) == .retry(failure, after: .zero))
        #expect(verdict(open, attempt: 3) == .giveUp(failure, .maxRetriesExceeded))
        guard case .cancel(_, failure) = verdict(open, attempt: 1, isCancelRequested: true) else {
            Issue.record("not cancelled")
            return
        }
        let (closed, last) = end(.verificationFailed, isPermanent: true)
        #expect(verdict(closed, attempt: 1) == .giveUp(last, .permanentFailure))
        let (cancelled, cause) = end(.cancelled, isPermanent: true)
        #expect(verdict(cancelled, attempt: 1) == .cancel(cause, attempt: cause))
    }

    @Test func attemptInASessionThatIsLostIsHandedBack() {
        let refused = AttemptEnd.judged(.refused(AgentError(code: .promptTooLong, message: "too long")))
        var generator = SeededGenerator(seed: 1)
        #expect(
            policy.verdict(on: refused, attempt: 3, isSessionLost: true, using: &generator) == .handBack(after: .zero)
        )
        let verdict = policy.verdict(
            on: refused,
            attempt: 1,
            isCancelRequested: true,
            isSessionLost: true,
            using: &generator
        )
        guard case .cancel = verdict else {
            Issue.record("not cancelled")
            return
        }
    }

    @Test func permanentFailureIsNotRepeated() {
        let refused = Outcome.refused(AgentError(code: .promptTooLong, message: "too long"))
        guard case .giveUp(let failure, .permanentFailure) = verdict(.judged(refused), attempt: 1) else {
            Issue.record("repeated")
            return
        }
        #expect(failure.isPermanent)
    }

    @Test func aUsageLimitAndTheDaysMoneyUseUpNoAttempt() throws {
        let limited = Outcome.outcome(
            of: try ExitRecord(decoding: Array(Self.exitedWithOne.utf8)),
            stdout: OutputExcerpt("You've hit your 5-hour limit\n"),
            stderr: OutputExcerpt(""),
            profile: .claude()
        )
        #expect(limited.failure?.reason == .usageLimit)
        for attempt in 1...9 { #expect(verdict(.judged(limited), attempt: attempt) == .handBack(after: .zero)) }
        let cancelled = verdict(.judged(limited), attempt: 1, isCancelRequested: true)
        guard case .cancel = cancelled else {
            Issue.record("\(cancelled)")
            return
        }
    }

    private static let exitedWithOne = """
        {"version":2,"run_id":"r1","attempt":1,"ending":"exited","exit_code":1,"cut_off":null,\
        "started_at":"2026-01-02T03:04:05.000Z","finished_at":"2026-01-02T03:04:06.000Z","duration_us":1000000,\
        "stdout_bytes":0,"stderr_bytes":0,"stragglers_killed":0,"cpu_us":0,"max_resident_bytes":0}
        """

    @Test func interruptionCountsAndIsRepeatedOnlyWithinTheLimit() {
        let failure = Failure(reason: .interrupted, message: "power", isPermanent: false)
        #expect(verdict(.interrupted("power"), attempt: 1) == .retry(failure, after: .seconds(1)))
        #expect(verdict(.interrupted("power"), attempt: 3) == .giveUp(failure, .maxRetriesExceeded))
    }

    @Test func whatIsNotTheTasksFaultUsesUpNoAttempt() {
        #expect(verdict(.handedBack, attempt: 3) == .handBack(after: .zero))
        #expect(verdict(.notStarted("no descriptors"), attempt: 3) == .handBack(after: .seconds(1)))
    }

    @Test func whatWasEndedByACancelIsCancelledAndNoDeadLetter() throws {
        let cut = try outcome(#""ending":"signalled","signal":15"#, cutOff: #""cancelled""#)
        let failure = try #require(cut.failure)
        #expect(failure.reason == .cancelled)
        for attempt in 1...3 {
            for isRequested in [true, false] {
                let verdict = verdict(.judged(cut), attempt: attempt, isCancelRequested: isRequested)
                #expect(verdict == .cancel(failure, attempt: failure))
            }
        }
    }

    @Test func requestToCancelChangesOnlyWhatWouldRunAgain() throws {
        func requested(_ end: AttemptEnd, attempt: Int) -> Verdict {
            verdict(end, attempt: attempt, isCancelRequested: true)
        }
        let success = try outcome(#""ending":"exited","exit_code":0"#)
        #expect(requested(.judged(success), attempt: 1) == .complete(success))
        let failed = try outcome(#""ending":"exited","exit_code":3"#)
        let failure = try #require(failed.failure)
        #expect(requested(.judged(failed), attempt: 3) == .giveUp(failure, .maxRetriesExceeded))
        guard case .cancel(let why, attempt: failure) = requested(.judged(failed), attempt: 1) else {
            Issue.record("repeated")
            return
        }
        #expect(why.reason == .cancelled)
        // What was cut off by a crash, or does not count, has not ended by itself.
        for end in [AttemptEnd.interrupted("power"), .handedBack, .notStarted("no descriptors")] {
            for attempt in [1, 3] {
                guard case .cancel(let why, let counted) = requested(end, attempt: attempt) else {
                    Issue.record("\(end) is repeated")
                    continue
                }
                #expect(why.reason == .cancelled)
                #expect(counted?.reason == (end == .interrupted("power") ? .interrupted : nil))
            }
        }
    }

    @Test func tasksOwnRetriesReplaceTheWorkers() throws {
        let failed = try outcome(#""ending":"signalled","signal":9"#)
        let failure = try #require(failed.failure)
        #expect(verdict(.judged(failed), attempt: 1, policy.limited(to: 0)) == .giveUp(failure, .maxRetriesExceeded))
        #expect(verdict(.judged(failed), attempt: 3, policy.limited(to: 5)) == .retry(failure, after: .seconds(4)))
    }

    @Test(arguments: [#""timeout""#, #""output_limit""#, #""cancelled""#])
    func whatWasCutOffIsNoSuccessWhateverTheExitCode(cutOff: String) throws {
        let cut = try outcome(#""ending":"exited","exit_code":0"#, cutOff: cutOff)
        if case .complete = verdict(.judged(cut), attempt: 1) { Issue.record("taken for a success") }
    }
}
