// SPDX-License-Identifier: Apache-2.0
// When the next attempt goes on with a session, and when it begins a new one.

import Agents
import FileQueue
import QueueModel
import Supervision
import Testing
import Worker

@Suite("Course of a session")
struct SessionCourseTests {
    private static func name() throws -> AgentName { try AgentName("cc") }

    /// The end of an agent whose last event says this.
    private static func end(_ event: String, isWorking: Bool = false, cutOff: String = "null") throws -> AttemptEnd {
        let record = """
            {"version":2,"run_id":"r1","attempt":1,"ending":"exited","exit_code":1,"cut_off":\(cutOff),\
            "started_at":"2026-01-02T03:04:05.000Z","finished_at":"2026-01-02T03:04:06.000Z","duration_us":1000000,\
            "stdout_bytes":0,"stderr_bytes":0,"stragglers_killed":0,"cpu_us":0,"max_resident_bytes":0}
            """
        let profile = AgentProfile(name: try name(), kind: .claude, arguments: ["claude"])
        return .judged(
            Outcome.outcome(
                of: try ExitRecord(decoding: Array(record.utf8)),
                stdout: OutputExcerpt(""),
                stderr: OutputExcerpt(""),
                report: AgentReport.report(of: Array(event.utf8), profile: profile),
                profile: profile
            )
        )
    }

    private static func failed(_ members: String) -> String {
        #"{"type":"result","subtype":"success","is_error":true,"num_turns":1,"result":"words"\#(members)}"#
    }

    private static let limit = failed(#","api_error":"usage_limit_reached""#)
    private static let overload = failed(#","api_error_status":529"#)
    private static let refusal = failed(#","api_error_status":400"#)
    private static let noModel = failed(#","api_error_status":404"#)
    private static let signIn = failed(#","api_error_status":401"#)
    private static let money = #"{"type":"result","subtype":"error_max_budget_usd","is_error":true,"num_turns":2}"#

    private static func course(
        resumed: String? = nil,
        knowledge: ClaimState.Session.Knowledge = .nothing,
        given: String? = nil,
        told: String? = "s-1",
        hasWorked: Bool = true
    ) throws -> SessionCourse {
        SessionCourse(
            agent: try name(),
            resumed: try resumed.map { ClaimState.Session(id: $0, agent: try name(), knowledge: knowledge) },
            given: given,
            told: told,
            hasWorked: hasWorked
        )
    }

    @Test func whatCutsOffFromOutsideKeepsTheSessionInAnyCase() throws {
        let ends: [(AttemptEnd, FailureReason)] = [
            (.interrupted("a crash"), .interrupted), (.handedBack, .interrupted),
            (try Self.end(Self.limit), .usageLimit), (try Self.end(Self.money), .budgetExceeded),
        ]
        for (end, cause) in ends {
            for hasWorked in [true, false] {
                for resumed in [nil, "s-1"] {
                    let next = try Self.course(resumed: resumed, hasWorked: hasWorked).next(after: end)
                    #expect(next?.id == "s-1")
                    #expect(next?.knowledge == (hasWorked ? .everything : .nothing))
                    #expect(next?.cutOffBy == cause)
                }
            }
        }
    }

    @Test func whatASessionHasHeardItKeeps() throws {
        let silent = try Self.course(resumed: "s-1", knowledge: .everything, told: nil, hasWorked: false)
        #expect(silent.next(after: .interrupted(""))?.knowledge == .everything)
        // The agent went over to another session, which has heard nothing yet.
        let other = try Self.course(resumed: "s-0", knowledge: .everything, hasWorked: false)
        #expect(other.next(after: .interrupted(""))?.knowledge == .nothing)
        #expect(silent.next(after: .notStarted("no disk")) == silent.resumed)
    }

    @Test func whatTheAgentMetMustNotBeTheSessionsFault() throws {
        let timeout = try Self.end("", cutOff: #""timeout""#)
        let silence = try Self.end("")
        func keeps(_ end: AttemptEnd, resumed: String?, _ hasWorked: Bool) throws -> Bool {
            try Self.course(resumed: resumed, hasWorked: hasWorked).next(after: end) != nil
        }
        for (end, expected) in [
            (try Self.end(Self.overload), [true, false, true, true]), (timeout, [true, false, true, false]),
            (silence, [true, false, false, false]), (try Self.end(Self.signIn), [false, false, false, false]),
        ] {
            let found = [
                try keeps(end, resumed: nil, true), try keeps(end, resumed: nil, false),
                try keeps(end, resumed: "s-1", true), try keeps(end, resumed: "s-1", false),
            ]
            #expect(found == expected, "\(end)")
        }
    }

    @Test func sessionIsLostOnlyWhenNothingWasDoneInIt() throws {
        let refusal = try Self.end(Self.refusal)
        let lost = try Self.course(resumed: "s-1", hasWorked: false)
        #expect(lost.isLost(after: refusal))
        #expect(lost.next(after: refusal) == nil)
        #expect(!(try Self.course(resumed: "s-1").isLost(after: refusal)))
        #expect(!(try Self.course(hasWorked: false).isLost(after: refusal)))
        // What the task asks for is not replaced, and what is wrong with the profile is not the session's fault.
        #expect(!(try Self.course(resumed: "s-1", given: "s-1", hasWorked: false).isLost(after: refusal)))
        #expect(!lost.isLost(after: try Self.end(Self.noModel)))
        #expect(!lost.isLost(after: try Self.end(Self.overload)))
        #expect(!lost.isLost(after: .interrupted("")))
    }

    @Test func workThatDidNotPassIsMendedInItsSession() throws {
        let success = Self.success
        guard case .judged(let outcome) = try Self.end(success) else { return }
        let failure = Failure(reason: .verificationFailed, message: "", isPermanent: false)
        let next = try Self.course(resumed: "s-1", knowledge: .everything).next(after: .unverified(outcome, failure))
        // It knows the task, and not yet what is wrong.
        #expect(next?.knowledge == .task)
        #expect(next?.id == "s-1")
    }

    private static let success = #"{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"ok"}"#

    @Test func usageOfASessionIsRememberedUntilItIsToldAgain() throws {
        var course = try Self.course(resumed: "s-1")
        course.resumed?.usage = ["input_tokens": 5]
        #expect(course.next(after: .interrupted(""))?.usage == ["input_tokens": 5])
        course.usage = ["input_tokens": 9]
        #expect(course.next(after: .interrupted(""))?.usage == ["input_tokens": 9])
        #expect(try Self.course(resumed: "s-0").next(after: .interrupted(""))?.usage == nil)
    }

    @Test func anAgentThatTellsNoSessionHasNone() throws {
        let silent = try Self.course(told: nil)
        for end in [AttemptEnd.interrupted(""), .handedBack, try Self.end(Self.limit)] {
            #expect(silent.next(after: end) == nil)
        }
    }
}
