// SPDX-License-Identifier: Apache-2.0
// The exit record of a first attempt, behind the record of its claim.

import FileQueue
import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite struct ExitRoomTests {
    private let fixture: QueueFixture

    init() throws { fixture = try QueueFixture() }

    /// Writes behind a claim's record as a supervisor does.
    private func write(_ text: String, behind claim: Claim) throws {
        let room = try #require(claim.exitRoom)
        let bytes = Array(text.utf8)
        #expect(unsafe pwrite(room.descriptor, bytes, bytes.count, room.offset) == bytes.count)
    }

    private func exit(_ runID: String = "run-1") -> String { #"{"version":2,"run_id":"\#(runID)","exit_code":7}"# }

    /// A claim of a daemon that was killed, with something behind its record.
    private func leave(_ text: String) throws {
        let dead = try fixture.open()
        try write(text, behind: fixture.claim("a", in: dead))
    }

    private func stopped(in queue: WorkerQueue) async throws -> (claim: Claim, exitRecord: String?) {
        let found = try await queue.recover(TaskID("a"), now: fixture.now)
        guard case .stopped(let claim, let record) = found else { throw FixtureError("\(String(describing: found))") }
        return (claim, record.map { String(decoding: $0, as: UTF8.self) })
    }

    @Test func recordIsTakenUpHoweverOftenTheDaemonDies() async throws {
        try leave(exit() + "\n")
        for _ in 0..<3 {
            // The queue and the claim go at the end of each round, as with a killed daemon.
            let found = try await stopped(in: fixture.open())
            #expect(found.exitRecord == exit())
            #expect(found.claim.state.runID == "run-1")
        }
    }

    @Test(arguments: ["", "{", "another run", "half", "no end"])
    func whatIsNoRecordOfTheRunIsNone(kind: String) async throws {
        let text =
            switch kind {
            case "another run": exit("run-0") + "\n"
            case "half": String(repeating: " ", count: 20) + exit().dropFirst(20) + "\n"
            case "no end": String(exit().dropLast(3))
            default: kind
            }
        try leave(text)
        let view = try QueueView(locations: fixture.locations)
        let state = try #require(try view.claim(of: TaskID("a")))
        #expect(try view.hasEnded(state) == false)
        #expect(try await stopped(in: fixture.open()).exitRecord == nil)
    }

    @Test func nothingOfTheTaskBeforeIsTakenForOne() async throws {
        let queue = try fixture.open()
        let before = try fixture.claim("before", in: queue)
        try write(exit() + "\n", behind: before)
        let inode = try queue.claims.status(of: "before~state")?.identity
        #expect(try await queue.finish(before, fixture.result(before)) == nil)
        // It serves again, for a run of the same name.
        let claim = try fixture.claim("a", in: queue)
        #expect(try queue.claims.status(of: "a~state")?.identity == inode)
        let view = try QueueView(locations: fixture.locations)
        #expect(try view.hasEnded(claim.state) == false)
        try write(exit() + "\n", behind: claim)
        #expect(try view.hasEnded(claim.state))
        #expect(try view.claim(of: claim.id) == claim.state)
    }

    @Test func checksLeaveTheAgentsRecord() async throws {
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        try write(exit() + "\n", behind: claim)
        let view = try QueueView(locations: fixture.locations)
        for run in ["run-2", "run-3"] {
            try await queue.beginCheck(claim, runID: run, due: [CheckName("tests")])
            #expect(claim.exitRoom == nil)
            #expect(try fixture.bytes("tasks/.claims/a~exit") == Array(exit().utf8))
            #expect(try view.hasEnded(claim.state))
        }
        #expect(try await queue.finish(claim, fixture.result(claim)) == nil)
        #expect(try fixture.names(in: "tasks/.claims").isEmpty)
    }

    @Test func laterAttemptsHaveNoRoom() async throws {
        let queue = try fixture.open()
        let claim = try fixture.claim("a", in: queue)
        try write(exit() + "\n", behind: claim)
        try await queue.recordFailure(claim, fixture.attempt(1), notBefore: fixture.now)
        #expect(claim.exitRoom == nil)
        try queue.beginAttempt(claim, runID: "run-2", now: fixture.now)
        #expect(claim.exitRoom == nil)
        let view = try QueueView(locations: fixture.locations)
        #expect(try view.hasEnded(claim.state) == false)
    }
}
