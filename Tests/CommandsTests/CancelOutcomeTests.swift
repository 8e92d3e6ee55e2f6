// SPDX-License-Identifier: Apache-2.0
// What `vigil cancel` says and exits with.

import Commands
import QueueModel
import Testing

@Suite("Outcomes of cancelling")
struct CancelOutcomeTests {
    private static let all: [(CancelOutcome, line: String, code: Int32)] = [
        (.cancelled, "t1 cancelled", 0),
        (.ended(.completed), "t1 not cancelled: it has ended (completed)", 1),
        (.ended(.failed), "t1 not cancelled: it has ended (failed)", 1),
        (.unknown, "t1 not cancelled: there is no such task", 1),
        (.recorded("nobody is there"), "t1 will be cancelled when its worker starts: nobody is there", 2),
        (
            .pending(.seconds(40)),
            "t1 is asked to end, and has not ended within 40s; see it with: vigil show t1", 124
        ),
    ]

    @Test func eachHasItsLineAndCode() throws {
        for (outcome, line, code) in Self.all {
            #expect(try outcome.line(about: TaskID("t1")) == line)
            #expect(outcome.exitCode == code)
        }
    }

    @Test func worstOneDecidesTheExitCode() {
        let (done, ended, absent, late) = (
            CancelOutcome.cancelled, CancelOutcome.ended(.completed), CancelOutcome.recorded(""),
            CancelOutcome.pending(.seconds(1))
        )
        #expect(CancelOutcome.exitCode(of: []) == 0)
        #expect(CancelOutcome.exitCode(of: [done, done]) == 0)
        #expect(CancelOutcome.exitCode(of: [done, absent]) == 2)
        #expect(CancelOutcome.exitCode(of: [absent, late]) == 124)
        #expect(CancelOutcome.exitCode(of: [late, ended, absent]) == 1)
    }
}
