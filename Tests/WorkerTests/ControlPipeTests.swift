// SPDX-License-Identifier: Apache-2.0
// What comes through the control pipe, cut into lines and read; and what goes into the status pipe.

import QueueModel
import SystemKit
import TestSupport
import Testing
import Worker

@Suite("Lines of the control pipe")
struct ControlLinesTests {
    private func text(_ line: String) -> ControlLines.Line { .text(Array(line.utf8)) }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func linesAreTheSameHoweverTheyArrive(step: Int) {
        let bytes = Array("one\ntwo\r\n\n\n {\"a\": 1}\nrest".utf8)
        var lines = ControlLines()
        var found: [ControlLines.Line] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            found += lines.take(Array(bytes[start..<min(start + step, bytes.count)]))
        }
        #expect(found == [text("one"), text("two"), text(#" {"a": 1}"#)])
        #expect(lines.isOpen)
        #expect(lines.end() == text("rest"))
        #expect(!lines.isOpen)
        #expect(lines.end() == nil)
    }

    @Test func lineThatIsTooLongIsToldOnceAndTheNextIsRead() {
        var lines = ControlLines()
        var found: [ControlLines.Line] = []
        let block = [UInt8](repeating: UInt8(ascii: "x"), count: 1000)
        for _ in 0..<10_000 { found += lines.take(block) }
        #expect(found == [.tooLong])
        #expect(lines.take(Array("x\nnext\n".utf8)) == [text("next")])
        _ = lines.take([UInt8](repeating: 0, count: 10_000))
        // It was told already.
        #expect(lines.isOpen)
        #expect(lines.end() == nil)
        #expect(lines.take(Array("a\n".utf8)) == [text("a")])
    }

    @Test func longestLineIsRead() {
        var lines = ControlLines()
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: ControlLines.limit)
        #expect(lines.take(line + [10]) == [.text(line)])
        #expect(lines.take(line + [UInt8(ascii: "x"), 10]) == [.tooLong])
    }

    @Test func randomBytesNeverStopIt() {
        var generator = SeededGenerator.fromEnvironment()
        var lines = ControlLines()
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...600, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            for line in lines.take(bytes) {
                #expect(throws: ControlCommand.Refusal.self) { try ControlCommand(line) }
            }
        }
    }
}

@Suite("Commands of the control pipe")
struct ControlCommandTests {
    private func read(_ text: String) throws(ControlCommand.Refusal) -> ControlCommand {
        try ControlCommand(.text(Array(text.utf8)))
    }

    @Test func everyCommandIsRead() throws {
        let simple: [(String, ControlCommand.Action)] = [
            ("status", .status), ("pause", .pause), ("resume", .resume), ("reload", .reload), ("drain", .drain),
            ("shutdown", .shutdown),
        ]
        for (name, action) in simple {
            let command = try read(#"{"command":"\#(name)"}"#)
            #expect(command.action == action)
            #expect(command.name == name)
            #expect(command.requestID == nil)
        }
        #expect(try read(#"{"command":"scale","max_concurrent":1}"#).action == .scale(1))
        #expect(try read(#"{"max_concurrent":256.0,"command":"scale"}"#).action == .scale(256))
        let cancel = try read(#"{"command":"cancel","task_id":"a.b","request_id":"r-1","more":[1]}"#)
        #expect(try cancel.action == .cancel(TaskID("a.b")))
        #expect(cancel.requestID == "r-1")
        #expect(try read(#"{"command":"status","request_id":7}"#).requestID == 7)
        #expect(Set(simple.map(\.0) + ["scale", "cancel"]) == Set(ControlCommand.names))
    }

    @Test(arguments: [
        ("pause", "not JSON"), ("", "not JSON"), ("\u{0}", "not JSON"), ("[]", "not a JSON object"),
        (#""status""#, "not a JSON object"), ("{}", "command: missing"), (#"{"command":7}"#, "command: missing"),
        (#"{"command":"Status"}"#, "command: there is no such one; known are status,"),
        (#"{"command":"status","command":"drain"}"#, "not JSON"),
        (#"{"command":"scale"}"#, "max_concurrent:"), (#"{"command":"scale","max_concurrent":0}"#, "max_concurrent:"),
        (#"{"command":"scale","max_concurrent":257}"#, "max_concurrent:"),
        (#"{"command":"scale","max_concurrent":"3"}"#, "max_concurrent:"),
        (#"{"command":"scale","max_concurrent":1.5}"#, "max_concurrent:"),
        (#"{"command":"scale","max_concurrent":1e999}"#, ""),
        (#"{"command":"cancel"}"#, "task_id:"), (#"{"command":"cancel","task_id":"../a"}"#, "task_id:"),
        (#"{"command":"cancel","task_id":7}"#, "task_id:"),
    ])
    func wrongLinesAreRefusedWithTheReason(line: String, reason: String) {
        let refusal = #expect(throws: ControlCommand.Refusal.self) { try read(line) }
        #expect(refusal?.message.hasPrefix(reason) == true, "\(refusal?.message ?? "")")
    }

    @Test func refusalGoesBackToTheOneWhoAsked() {
        let refusal = #expect(throws: ControlCommand.Refusal.self) {
            try read(#"{"command":"scale","request_id":"r-9"}"#)
        }
        #expect(refusal?.requestID == "r-9")
        #expect(refusal?.command == "scale")
        let long = #expect(throws: ControlCommand.Refusal.self) { try ControlCommand(.tooLong) }
        #expect(long?.message == "the line has more than 4096 bytes")
    }
}

@Suite("Lines of the status pipe")
struct WorkerEventTests {
    private let now = Timestamp(millisecondsSince1970: 1_800_000_000_000)

    @Test func lineIsOneObject() {
        let event = WorkerEvent(.taskStarted, at: now, ["task_id": "a", "attempt": 2])
        let line = """
            {"event_type":"task_started","timestamp":"2027-01-15T08:00:00.000Z","data":{"task_id":"a","attempt":2}}

            """
        #expect(String(decoding: event.line, as: UTF8.self) == line)
    }

    @Test func lineThatIsTooLongLosesItsLongestFacts() throws {
        let long = JSONValue.string(String(repeating: "\u{1}", count: 5_000))
        let event = WorkerEvent(.taskFinished, at: now, ["task_id": "a", "error": long, "status": "failed"])
        #expect(event.line.count <= NonblockingOutput.atomicBytes)
        let data = try JSONParser.parse(event.line.dropLast(), limits: .task).objectValue?["data"]
        #expect(data == ["task_id": "a", "status": "failed", "truncated": true])
    }

    @Test func kindsHaveStableTexts() {
        #expect(
            WorkerEvent.Kind.allCases.map(\.rawValue) == [
                "answer", "worker_started", "worker_paused", "worker_resumed", "worker_scaled", "worker_draining",
                "worker_stopped", "problem_raised", "problem_cleared", "circuit_opened", "circuit_half_opened",
                "circuit_closed", "usage_limited", "budget_warning", "budget_exceeded", "task_claimed", "task_started",
                "attempt_failed", "task_finished", "file_rejected",
            ]
        )
    }
}
