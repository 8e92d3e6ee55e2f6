// SPDX-License-Identifier: Apache-2.0
// The supervisor by itself: what it takes from its socket, and what it costs.

import Glibc
import Supervision
import SystemKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct SupervisorProcessTests {
    @Test func garbageIsRefusedAndDoesNotEndTheSupervisor() async throws {
        try await Fixture.with { fixture in
            let supervisor = try BareSupervisor(fixture)
            let run = BareSupervisor.packet(kind: 1)
            let null = try fixture.scratch.createFile("null")
            let socket = supervisor.socket.rawValue
            try supervisor.sendEmptyPacket()
            let tooLarge = run + [UInt8](repeating: 0, count: SupervisorPacket.bodyLimit + 1)
            for bytes in [[1], [UInt8](repeating: 255, count: 16), [UInt8](repeating: 0, count: 60_000), run, tooLarge]
            {
                try sendPacket(socket, bytes)
                #expect(try await supervisor.answer() == .refused(EBADMSG), "after \(bytes.count) bytes")
            }
            #expect(try await supervisor.answer() == .refused(EBADMSG), "to the empty packet")
            // Descriptors and bytes that do not go with the flags, and flags that there are not.
            for flags: UInt8 in Array(0...8) + [255] {
                for count in [1, 2, 3, 4, 5, 6, 9, 100] {
                    let isWhole = count == 3 + flags.nonzeroBitCount && flags < 8
                    let packet = BareSupervisor.packet(kind: 1, flags: flags)
                    // Bytes where none belong, and none where some do.
                    let bytes = packet + (isWhole == (flags & 1 == 1) ? [0] : [])
                    let descriptors = [Int32](repeating: null.rawValue, count: count)
                    try sendPacket(socket, bytes, descriptors: descriptors)
                    #expect(try await supervisor.answer() == .refused(EBADMSG), "\(flags) \(count)")
                }
            }
            try sendPacket(socket, BareSupervisor.packet(kind: 2) + [0])
            #expect(try await supervisor.answer() == .refused(EBADMSG))
            // As many as there should be, but of the wrong kind: an empty body, and one that is no regular file.
            for body in [null.rawValue, fixture.logs.descriptor] {
                let descriptors = [Int32](repeating: null.rawValue, count: 3) + [body]
                try sendPacket(socket, BareSupervisor.packet(kind: 1, flags: 1), descriptors: descriptors)
                #expect(try await supervisor.answer() == .refused(EBADMSG))
            }
            #expect(try await supervisor.run(fixture.request("exit 7"), in: fixture) == .recorded(durable: true))
            #expect(try fixture.recordFile(fixture.runID)?.ending == .exited(code: 7))
            // It answers before it closes what came with the request.
            try sendPacket(socket, run)
            #expect(try await supervisor.answer() == .refused(EBADMSG))
            // Of the request, only the place where the next logs are made is kept, and both logs.
            #expect(try descriptors(of: supervisor.pid) == Set(0...9), "nothing of it was kept")
            await supervisor.close()
        }
    }

    @Test(arguments: [true, false]) func aRecordIsWrittenIntoTheSpare(isThere: Bool) async throws {
        try await Fixture.with { fixture in
            let spare: FileName = ".spare-1-1"
            if isThere {
                try fixture.exits.createFile(spare).write(all: [UInt8](repeating: UInt8(ascii: "x"), count: 5_000))
            }
            let inode = try fixture.exits.status(of: spare)?.identity
            var request = fixture.request("exit 7")
            request.spareName = spare
            guard case .recorded = try await fixture.run(request) else {
                Issue.record("the attempt did not run")
                return
            }
            #expect(try fixture.recordFile(fixture.runID)?.ending == .exited(code: 7))
            #expect(try fixture.exits.status(of: spare) == nil)
            if isThere { #expect(try fixture.exits.status(of: request.recordName)?.identity == inode) }
        }
    }

    @Test(arguments: ["open", "removed", "read-only"], [true, false])
    func aRecordIsWrittenBehindThatOfTheClaim(file kind: String, isSynced: Bool) async throws {
        try await Fixture.with { fixture in
            let claim: FileName = "a~state"
            let before = Array("{}\n".utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 511) + [10]
            let made = try fixture.exits.createFile(claim, mode: 0o600)
            try made.write(all: before)
            let readOnly = try fixture.exits.openFile(claim)
            if kind == "removed" { try fixture.exits.remove(claim) }
            var request = fixture.request("exit 7")
            let descriptor = kind == "read-only" ? readOnly.rawValue : made.rawValue
            request.exitRoom = AttemptRequest.ExitRoom(descriptor: descriptor, offset: 3)
            request.syncRecord = isSynced
            let ending = try await fixture.run(request)
            #expect(ending.record?.ending == .exited(code: 7))
            // One that cannot be written there, or that nobody would find, gets a file of its own.
            #expect(try fixture.recordFile(fixture.runID) == (kind == "open" ? nil : ending.record))
            guard kind == "open" else { return }
            let bytes = try #require(try fixture.exits.read(claim, limit: 4_096))
            #expect(bytes.count == before.count)
            #expect(bytes.starts(with: before.prefix(3)))
            let line = Array(bytes.dropFirst(3).prefix { $0 != 10 })
            #expect(try ExitRecord(decoding: line) == ending.record)
            #expect(bytes.dropFirst(3 + line.count + 1).dropLast().allSatisfy { $0 == UInt8(ascii: " ") })
        }
    }

    @Test func aRequestComesInThePacketOrInAFile() async throws {
        try await Fixture.with { fixture in
            let supervisor = try BareSupervisor(fixture)
            var request = fixture.request("echo ${#X}")
            let others = try request.encoded().count
            // With the last one the packet is as large as it may be.
            for size in [10, SupervisorPacket.bodyLimit - others - 4 - 1 - 2] {
                request.environment[2...] = ["X=" + String(repeating: "x", count: size)]
                let body = try request.encoded()
                #expect(body.count <= SupervisorPacket.bodyLimit)
                for asFile in [false, true] {
                    #expect(
                        try await supervisor.run(body: body, asFile: asFile, in: fixture) == .recorded(durable: true)
                    )
                    #expect(try fixture.output() == "\(size)\n")
                }
            }
            #expect(try request.encoded().count == SupervisorPacket.bodyLimit)
            await supervisor.close()
            // The pool chooses, and passes an input on or not.
            for size in [10, 100_000] {
                for input in [nil, Array("words".utf8)] {
                    let record = try await fixture.record("cat; echo ${#X}") {
                        $0.environment += ["X=" + String(repeating: "x", count: size)]
                        $0.input = input
                    }
                    #expect(record.ending == .exited(code: 0))
                    #expect(try fixture.output() == (input == nil ? "" : "words") + "\(size)\n")
                }
            }
        }
    }

    @Test(arguments: [false, true]) func everyDamagedRequestIsRefused(asFile: Bool) async throws {
        try await Fixture.with { fixture in
            let supervisor = try BareSupervisor(fixture)
            let body = try fixture.request("echo > ran").encoded()
            // Cut anywhere, and with every byte after the numbers damaged in turn.
            for length in 1..<body.count {
                let part = Array(body.prefix(length))
                #expect(try await supervisor.run(body: part, asFile: asFile, in: fixture).isRefusal)
            }
            #expect(try await supervisor.run(body: body + [0], asFile: asFile, in: fixture) == .refused(EBADMSG))
            for offset in 56..<body.count {
                var damaged = body
                damaged[offset] = damaged[offset] == 0 ? 255 : 0
                #expect(
                    try await supervisor.run(body: damaged, asFile: asFile, in: fixture).isRefusal,
                    "byte \(offset)"
                )
            }
            var other = body
            other[7] = UInt8(ascii: "9")
            #expect(try await supervisor.run(body: other, asFile: asFile, in: fixture) == .refused(EPROTONOSUPPORT))
            await supervisor.close()
        }
    }

    @Test func garbageDuringAnAttemptChangesNothing() async throws {
        try await Fixture.with { fixture in
            let supervisor = try BareSupervisor(fixture)
            let told = try fixture.makePipe("told")
            let go = try fixture.makePipe("go")
            try supervisor.send(try fixture.request("echo > told; read x < go; exit 8").encoded(), in: fixture)
            _ = try await told.lines()
            try supervisor.sendEmptyPacket()
            try sendPacket(supervisor.socket.rawValue, [1, 2, 3])
            // Another request while one runs is not run, and its lock is given back.
            let other = try fixture.request("echo > ran").encoded()
            let otherLock = try await fixture.openLocked("other")
            try supervisor.send(other, in: fixture, lock: otherLock)
            try otherLock.close()
            _ = try await fixture.openLocked("other")
            try go.write("go\n")
            #expect(try await supervisor.answer() == .recorded(durable: true))
            #expect(try fixture.recordFile(fixture.runID)?.ending == .exited(code: 8))
            #expect(try fixture.scratch.status(of: "ran") == nil)
            await supervisor.close()
        }
    }

    @Test func socketThatClosesDuringAnAttemptEndsTheSupervisorAfterTheRecord() async throws {
        try await Fixture.with { fixture in
            let supervisor = try BareSupervisor(fixture)
            let told = try fixture.makePipe("told")
            let go = try fixture.makePipe("go")
            try supervisor.send(try fixture.request("echo > told; read x < go; exit 8").encoded(), in: fixture)
            _ = try await told.lines()
            let pid = supervisor.pid
            supervisor.disconnect()
            try go.write("go\n")
            await fixture.awaitEnd(of: pid)
            #expect(try reap(pid, nohang: true) == .exited(0))
            #expect(try fixture.recordFile(fixture.runID)?.ending == .exited(code: 8))
        }
    }

    @Test func anIdleSupervisorEndsWithItsSocketOrOnATermination() async throws {
        try await Fixture.with { fixture in
            let first = try BareSupervisor(fixture)
            first.disconnect()
            await fixture.awaitEnd(of: first.pid)
            #expect(try reap(first.pid, nohang: true) == .exited(0))
            let second = try BareSupervisor(fixture)
            #expect(try await second.run(fixture.request("exit 0"), in: fixture) == .recorded(durable: true))
            for number in [SIGHUP, SIGINT, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM] { kill(second.pid, number) }
            #expect(try await second.run(fixture.request("exit 0"), in: fixture) == .recorded(durable: true))
            kill(second.pid, SIGTERM)
            await fixture.awaitEnd(of: second.pid)
            #expect(try reap(second.pid, nohang: true) == .exited(0))
        }
    }

    @Test func whatTheSupervisorInheritedIsNotPassedOn() async throws {
        try await Fixture.with { fixture in
            let supervisor = try BareSupervisor(
                fixture,
                inheriting: [fixture.logs.descriptor, fixture.exits.descriptor]
            )
            let request = fixture.request(#"for f in /proc/$$/fd/*; do [ -e "$f" ] && echo "${f##*/}"; done; true"#)
            #expect(try await supervisor.run(request, in: fixture) == .recorded(durable: true))
            #expect(try fixture.output() == "0\n1\n2\n")
            try sendPacket(supervisor.socket.rawValue, [0])
            #expect(try await supervisor.answer() == .refused(EBADMSG))
            #expect(try descriptors(of: supervisor.pid) == Set(0...11))
            await supervisor.close()
        }
    }

    @Test func startedByHandItSaysWhatItIsFor() throws {
        let scratch = try MemoryFile.make([])
        let pid = try spawnDetached(
            path: supervisorPath,
            arguments: [supervisorPath],
            environment: [],
            descriptors: [scratch.rawValue, scratch.rawValue, scratch.rawValue]
        )
        #expect(try reap(pid, nohang: false) == .exited(2))
        let text = String(decoding: try scratch.read(at: 0, count: 1000), as: UTF8.self)
        #expect(text.contains("started by the vigil daemon"))
    }

    private static let isSanitized = SystemInfo.environment["VIGIL_SUPERVISOR_SANITIZER"] != nil

    @Test(.disabled(if: isSanitized, "the sanitizer's memory would be measured"))
    func itIsSmallAlsoAfterLargeRequests() async throws {
        try await Fixture.with { fixture in
            let large = (0..<30).map { String(repeating: "x", count: 100 << 10) + "\($0)" }
            let record = try await fixture.record("exit 0") { $0.environment += large.map { "X=\($0)" } }
            // More than the kernel takes: the request is large all the same.
            #expect(record.ending == .spawnFailed(step: "exec", errno: Errno(rawValue: E2BIG)))
            _ = try await fixture.record("for i in 1 2 3 4 5 6 7 8 9; do setsid sleep 1000 & done; exit 0")
            let pid = try #require(await fixture.pool.processIDs.first)
            let bytes = try #require(residentBytes(of: pid))
            try writeStandardError(Array("vigil-supervisor: \(bytes >> 10) KiB resident\n".utf8))
            #expect(bytes < 3 << 20)
        }
    }

    @Test func itStartsInMilliseconds() async throws {
        try await Fixture.with { fixture in
            var best = Duration.seconds(1000)
            for _ in 1...20 {
                let start = ContinuousClock.now
                let supervisor = try BareSupervisor(fixture)
                try sendPacket(supervisor.socket.rawValue, [0])
                #expect(try await supervisor.answer() == .refused(EBADMSG))
                best = min(best, start.duration(to: .now))
                await supervisor.close()
            }
            try writeStandardError(Array("vigil-supervisor: start to first answer \(best)\n".utf8))
            #expect(best < .milliseconds(100))
        }
    }

    private func residentBytes(of pid: Int32) -> Int? {
        // Of a process that is gone nothing is known.
        let status = try? Directory.open("/proc/\(pid)").read("status", limit: 1 << 16)
        let lines = String(decoding: status ?? [], as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("VmRSS:") }) else { return nil }
        return line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }

    private func descriptors(of pid: Int32) throws -> Set<Int> {
        var numbers: Set<Int> = []
        try Directory.open("/proc/\(pid)/fd").names { name in
            if let number = name.string.flatMap({ Int($0) }) { numbers.insert(number) }
            return true
        }
        return numbers
    }
}
