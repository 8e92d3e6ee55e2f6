// SPDX-License-Identifier: Apache-2.0
// Exit records as files: what is read from them, and what is not believed.

import QueueModel
import Supervision
import SystemKit
import Testing

@Suite struct ExitRecordTests {
    private let text = """
        {"version":2,"run_id":"r:1","attempt":3,"ending":"exited","exit_code":7,"cut_off":null,\
        "started_at":"2026-11-25T21:59:24.458Z","finished_at":"2026-11-25T21:59:25.768Z","duration_us":1309953,\
        "stdout_bytes":10,"stderr_bytes":20,"stragglers_killed":2,"cpu_us":2944,"max_resident_bytes":1667072}

        """

    private func decode(_ text: String) throws -> ExitRecord {
        try ExitRecord(decoding: Array(text.utf8))
    }

    @Test func everyFieldIsRead() throws {
        let record = try decode(text)
        #expect(record.runID == "r:1")
        #expect(record.attempt == 3)
        #expect(record.ending == .exited(code: 7))
        #expect(record.cutOff == nil)
        #expect(record.startedAt.description == "2026-11-25T21:59:24.458Z")
        #expect(record.finishedAt.description == "2026-11-25T21:59:25.768Z")
        #expect(record.duration == .microseconds(1_309_953))
        #expect(record.stdoutBytes == 10)
        #expect(record.stderrBytes == 20)
        #expect(record.stragglersKilled == 2)
        #expect(record.cpu == .microseconds(2944))
        #expect(record.maxResidentBytes == 1_667_072)
    }

    @Test(
        arguments: [
            (#""signalled","signal":9"#, .signalled(9)),
            (#""spawn_failed","step":"exec","errno":2"#, .spawnFailed(step: "exec", errno: .noEntry)),
        ] as [(String, ExitRecord.Ending)]
    )
    func endingsAreKeptApart(json: String, ending: ExitRecord.Ending) throws {
        #expect(try decode(replacing(#""exited","exit_code":7"#, json)).ending == ending)
    }

    @Test(arguments: ExitRecord.CutOff.allCases)
    func cutOffIsRead(cutOff: ExitRecord.CutOff) throws {
        #expect(try decode(replacing("null", "\"\(cutOff.rawValue)\"")).cutOff == cutOff)
    }

    @Test func unknownFieldsAreTolerated() throws {
        #expect(try decode(replacing("{", #"{"new":[1],"#)) == decode(text))
    }

    @Test func otherVersionsAreNotGuessedAt() {
        refused(replacing(#""version":2"#, #""version":3"#), .unknownVersion)
    }

    @Test(arguments: [
        "run_id", "attempt", "ending", "exit_code", "started_at", "finished_at", "duration_us", "stdout_bytes",
        "stderr_bytes", "stragglers_killed", "cpu_us", "max_resident_bytes", "version",
    ])
    func aMissingFieldIsAnError(field: String) {
        refused(replacing("\"\(field)\"", "\"_\""), .invalidField)
    }

    @Test func impossibleValuesAreRefused() {
        refused(replacing(#""exit_code":7"#, #""exit_code":256"#), .invalidField)
        refused(replacing(#""exit_code":7"#, #""exit_code":-1"#), .invalidField)
        refused(replacing(#""exit_code":7"#, #""exit_code":1.5"#), .invalidField)
        refused(replacing(#""attempt":3"#, #""attempt":1e30"#), .invalidField)
        refused(replacing("null", "\"bored\""), .invalidField)
        refused(replacing("2026-11-25T21:59:24.458Z", "yesterday"), .invalidField)
        refused(replacing("\"exited\"", "\"vanished\""), .invalidField)
    }

    @Test func tornFilesAreNotBelieved() {
        for length in 0..<text.utf8.count - 2 { refused(String(text.prefix(length)), .malformed) }
        refused("[]", .malformed)
        refused(text + String(repeating: " ", count: ExitRecord.maxEncodedBytes), .malformed)
    }

    private func replacing(_ old: String, _ new: String) -> String {
        guard let range = text.firstRange(of: old) else { return "" }
        return text.replacingCharacters(in: range, with: new)
    }

    private func refused(_ text: String, _ code: ExitRecordError.Code) {
        let error = #expect(throws: ExitRecordError.self) { try decode(text) }
        #expect(error?.code == code, "\(text)")
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<Index>, with new: String) -> String {
        String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }
}
