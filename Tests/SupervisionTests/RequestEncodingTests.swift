// SPDX-License-Identifier: Apache-2.0
// The bytes that daemon and supervisor agree on.

import Supervision
import SystemKit
import Testing

@Suite struct RequestEncodingTests {
    private let request = AttemptRequest(
        runID: "r:1",
        attempt: 2,
        timeout: .milliseconds(258),
        grace: .seconds(1),
        maxLogBytes: 7,
        syncRecord: true,
        recordName: "x.json",
        workingDirectory: "/w",
        cgroupParent: nil,
        arguments: ["a", ""],
        environment: ["é=1"],
        input: nil
    )

    @Test func bytesAreThoseOfTheWireFormat() throws {
        var expected = Array("VIGILRQ6".utf8)
        for number: UInt8 in [2, 2, 232, 7, 1, 0] { expected += [number, 0, 0, 0, 0, 0, 0, 0] }
        expected[17] = 1  // 258 = 0x0102
        expected[25] = 3  // 1000 = 0x03e8
        func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8) + [0] }
        expected += text("r:1") + text("x.json") + text("") + text("") + text("/w") + text("")
        expected += [2, 0, 0, 0] + text("a") + text("")
        expected += [1, 0, 0, 0] + text("é=1")
        #expect(try request.encoded() == expected)
    }

    @Test func announcementIsAKindAndTheNameOfLogs() {
        let kind = [3] + [UInt8](repeating: 0, count: 15)
        #expect(SupervisorPacket.announcement(logs: nil).bytes == kind)
        #expect(SupervisorPacket.announcement(logs: "a-1").bytes == kind + Array("a-1\0".utf8))
    }

    @Test(
        arguments: [
            (nil, 0), (Duration.zero, 1), (.seconds(-5), 1), (.microseconds(1), 1), (.microseconds(1001), 2),
            (.seconds(Int64.max), 315_360_000_000),
        ] as [(Duration?, UInt64)]
    )
    func timeoutIsNeverTakenForNone(timeout: Duration?, milliseconds: UInt64) throws {
        var request = request
        request.timeout = timeout
        #expect(try integer(at: 16, of: request) == milliseconds)
    }

    @Test func graceMayBeZero() throws {
        var request = request
        request.grace = .seconds(-1)
        #expect(try integer(at: 24, of: request) == 0)
    }

    private func integer(at offset: Int, of request: AttemptRequest) throws -> UInt64 {
        try request.encoded()[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    @Test(
        arguments: [
            ("", .invalidRunID), ("a/b", .invalidRunID), ("a b", .invalidRunID), ("é", .invalidRunID),
            (String(repeating: "x", count: 129), .invalidRunID),
        ] as [(String, RequestError.Code)]
    )
    func runIDsAreCheckedAsBytes(runID: String, code: RequestError.Code) {
        refused(code) { $0.runID = runID }
    }

    @Test(arguments: ["", ".", "..", "a/b", String(repeating: "x", count: 256)])
    func namesAreOnePathComponent(name: String) {
        refused(.invalidName) { $0.recordName = FileName(name) }
        refused(.invalidName) { $0.logsName = FileName(name) }
    }

    @Test func nothingIsCutAtAZeroByte() {
        refused(.zeroByte) { $0.arguments = ["a", "b\0c"] }
        refused(.zeroByte) { $0.environment = ["A=\0"] }
        refused(.zeroByte) { $0.workingDirectory = "/a\0b" }
        refused(.zeroByte) { $0.cgroupParent = "/a\0b" }
        refused(.zeroByte) { $0.recordName = FileName(bytes: [97, 0]) }
    }

    @Test func whatNoSupervisorTakesIsRefusedHere() {
        refused(.noProgram) { $0.arguments = [] }
        refused(.noProgram) { $0.arguments = [""] }
        refused(.relativeWorkingDirectory) { $0.workingDirectory = "a" }
        refused(.negative) { $0.attempt = -1 }
        refused(.negative) { $0.maxLogBytes = -1 }
        refused(.tooLarge) { $0.arguments += [String(repeating: "x", count: 16 << 20)] }
    }

    private func refused(_ code: RequestError.Code, _ change: (inout AttemptRequest) -> Void) {
        var request = request
        change(&request)
        let error = #expect(throws: RequestError.self) { try request.encoded() }
        #expect(error?.code == code)
    }
}
