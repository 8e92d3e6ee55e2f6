// SPDX-License-Identifier: Apache-2.0
// Logs that are made before there is an attempt, and where they are meanwhile.

import CTracing
import Glibc
import Supervision
import SystemKit
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PreparedLogsTests {
    @Test func logsAreMadeInADirectoryOfTheirOwn() async throws {
        try await Fixture.with(isFirst: true) { fixture in
            // The first run is the supervisor's own, the others that of the agent that waits; the third finds it there.
            for name: FileName in ["a", "b", "b"] {
                _ = try await fixture.record("echo \(name)") { $0.logsName = name }
                let logs = try fixture.logs.subdirectory(name)
                #expect(try logs.read("stdout.log", limit: 100) == name.bytes + [10])
            }
        }
    }

    @Test func logsAreThereBeforeTheirAttempt() async throws {
        try await Fixture.with(isFirst: true) { fixture in
            var before: FileIdentity?
            for name in ["a", "b", "c"] {
                _ = try await fixture.record("echo \(name); echo error >&2") {
                    $0.runID += "-\(name)"
                    $0.logsName = FileName(name)
                }
                let logs = try fixture.logs.subdirectory(FileName(name))
                #expect(try logs.read("stdout.log", limit: 100) == Array("\(name)\n".utf8))
                #expect(try logs.read("stderr.log", limit: 100) == Array("error\n".utf8))
                if let before { #expect(try logs.status(of: "stdout.log")?.identity == before) }
                before = try await fixture.preparedLogs().directory.status(of: "stdout.log")?.identity
                #expect(before != nil)
            }
        }
    }

    @Test func logsThatCannotBeUsedAreMadeAgain() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("exit 0")
            // The name is taken.
            let (_, unused) = try await fixture.preparedLogs()
            let taken = try fixture.logs.subdirectory("taken", create: 0o750)
            _ = try await fixture.record("echo 1") { $0.logsName = "taken" }
            #expect(try taken.read("stdout.log", limit: 100) == Array("1\n".utf8))
            // Somebody has removed them.
            let (name, made) = try await fixture.preparedLogs()
            #expect(try made.status().identity != unused.status().identity)
            for name: FileName in ["stdout.log", "stderr.log"] { try made.remove(name) }
            try fixture.places().removeDirectory(name)
            _ = try await fixture.record("echo 2") { $0.logsName = "other" }
            #expect(try fixture.logs.subdirectory("other").read("stdout.log", limit: 100) == Array("2\n".utf8))
            _ = try await fixture.preparedLogs()
        }
    }

    @Test func preparedLogsGoWithTheirSupervisor() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("exit 0")
            _ = try await fixture.preparedLogs()
            let supervisor = try #require(await fixture.pool.processIDs.first)
            await fixture.pool.abandon()
            await fixture.awaitEnd(of: supervisor)
            #expect(try fixture.exits.status(of: ".logs") == nil)
        }
    }

    @Test(arguments: [true, false])
    func logsAreNotMadeBehindALink(isFirst: Bool) async throws {
        try await Fixture.with(isFirst: isFirst) { fixture in
            #expect(symlink("..", fixture.logs.path + "/link") == 0)
            let record = try await fixture.record("exit 0") { $0.logsName = "link" }
            guard case .spawnFailed(step: "logs", _) = record.ending else {
                Issue.record("\(record.ending)")
                return
            }
        }
    }

    @Test func announcedLogsAreMovedAtOnceAndBackWhenNothingComes() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("exit 0")
            let (name, made) = try await fixture.preparedLogs()
            let isMoved = try await fixture.occurrences(of: .settled("a"), in: fixture.logs)
            let isBack = try await fixture.occurrences(of: .settled(name), in: fixture.places())
            await fixture.announce("a")
            for await _ in isMoved { break }
            for await _ in isBack { break }
            #expect(try fixture.logs.status(of: "a") == nil)
            _ = try await fixture.record("echo 1") { $0.logsName = "b" }
            #expect(try fixture.logs.subdirectory("b").status().identity == made.status().identity)
        }
    }

    @Test func announcedLogsAreThoseOfTheirRequest() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("exit 0")
            for number in 0..<20 {
                let (_, made) = try await fixture.preparedLogs()
                let name = FileName("wanted-\(number)")
                // Sooner or later another is wanted than the one that was announced last.
                for other in 0...(number % 3) { await fixture.announce(FileName("other-\(other)")) }
                if number % 2 == 0 { await fixture.announce(name) }
                _ = try #require(await fixture.record("echo \(number)", as: name))
                #expect(try fixture.logs.subdirectory(name).status().identity == made.status().identity)
                #expect(try fixture.output(of: name) == "\(number)\n")
            }
            #expect(try fixture.names(in: fixture.logs).allSatisfy { !$0.hasPrefix("other-") })
        }
    }

    @Test func announcedNameThatIsTakenIsLeftAlone() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("exit 0")
            let taken = try fixture.logs.subdirectory("taken", create: 0o750)
            await fixture.announce("taken")
            _ = try await fixture.record("echo 1") { $0.logsName = "taken" }
            #expect(try taken.read("stdout.log", limit: 100) == Array("1\n".utf8))
            let (prepared, _) = try await fixture.preparedLogs()
            #expect(try fixture.names(in: fixture.places()) == [prepared])
        }
    }

    @Test func announcedLogsInAnotherDirectoryOfTheNameAreNotTheRequests() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("exit 0")
            await fixture.pool.announce(logs: (fixture.scratch, "a"))
            _ = try await fixture.record("echo 1") { $0.logsName = "a" }
            #expect(try fixture.logs.subdirectory("a").read("stdout.log", limit: 100) == Array("1\n".utf8))
            #expect(try fixture.scratch.status(of: "a") == nil)
        }
    }

    /// It is killed as soon as they are seen where it moves them, which may be before it has noted that.
    @Test(arguments: [true, false])
    func announcedLogsOutliveWhoHasMovedThem(isBack: Bool) async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("exit 0")
            for number in 0..<60 {
                let waiting = try await fixture.waitingAgent()
                let (spare, _) = try await fixture.preparedLogs()
                let name = FileName("a-\(number)")
                let isMoved =
                    try await isBack
                    ? fixture.occurrences(of: .settled(spare), in: fixture.places()) { kill(waiting, SIGKILL) }
                    : fixture.occurrences(of: .settled(name), in: fixture.logs) { kill(waiting, SIGKILL) }
                await fixture.announce(name)
                for await _ in isMoved { break }
                await fixture.awaitEnd(of: waiting)
                _ = try #require(await fixture.record("echo \(number)", as: name))
                #expect(try fixture.output(of: name) == "\(number)\n")
            }
            let (prepared, _) = try await fixture.preparedLogs()
            #expect(try fixture.names(in: fixture.places()) == [prepared])
        }
    }

    /// Whoever is to become its agent is killed at each of its system calls in turn, until it lives to run its program.
    @Test(arguments: [nil, "same", "other"])
    func attemptHasLogsWhateverBecomesOfItsAgent(announced: String?) async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.record("exit 0")
            var isKilled = true
            var number = 0
            while isKilled {
                number += 1
                let name = FileName("same-\(number)")
                let waiting = try await fixture.stoppedAgent()
                if let announced { await fixture.announce(FileName("\(announced)-\(number)")) }
                async let ending = fixture.record("echo \(name)", as: name)
                while await fixture.pool.processID(ofRun: "\(fixture.runID)-\(name)") == nil { await Task.yield() }
                isKilled = try await killed(waiting, atCall: number)
                let record = try await ending
                // What it has received and did not live to tell of is lost, with the supervisor.
                let next = try #require(await fixture.record("echo next", as: FileName("next-\(number)")))
                #expect(next.ending == .exited(code: 0))
                #expect(try fixture.output(of: FileName("next-\(number)")) == "next\n")
                guard let record else { continue }
                #expect(try fixture.output(of: name) == (record.ending == .exited(code: 0) ? "\(name)\n" : ""))
                #expect(record.ending == .exited(code: 0) || isKilled && record.ending == .signalled(Int(SIGKILL)))
            }
            #expect(number > 10)
            let (prepared, _) = try await fixture.preparedLogs()
            #expect(try fixture.names(in: fixture.places()) == [prepared])
            #expect(try fixture.names(in: fixture.logs).allSatisfy { !$0.hasPrefix("other-") })
        }
    }

    @Test func announcementsThatMakeNoSenseDoNothing() async throws {
        try await Fixture.with(isFirst: true) { fixture in
            let bare = try BareSupervisor(fixture)
            let place = fixture.logs.descriptor
            let request = fixture.request("exit 0")
            let cases: [([UInt8], [Int32])] = [
                (Array("a".utf8), [place]), (Array("a/b\0".utf8), [place]), (Array("..\0".utf8), [place]),
                (Array("\0".utf8), [place]), (Array("a\0b\0".utf8), [place]), (Array("a\0".utf8), []),
                (Array("a\0".utf8), [place, place]), (Array("a\0".utf8), Array(repeating: place, count: 9)),
                ([UInt8](repeating: 97, count: 300) + [0], [place]), ([UInt8](repeating: 97, count: 70_000), [place]),
                ([], [place]),
            ]
            // Nobody waits yet; then an agent does.
            for _ in 0..<2 {
                for (body, descriptors) in cases { try bare.announce(body, descriptors: descriptors) }
                #expect(try await bare.run(request, in: fixture) == .recorded(durable: true))
                // The request's own descriptor is closed behind the answer, and the others were before.
                while try await blocking({ try isOpen(fixture.logs, in: bare.pid) }) { try Task.checkCancellation() }
            }
            #expect(try fixture.names(in: fixture.logs) == ["stderr.log", "stdout.log"])
            await bare.close()
        }
    }
}

extension Fixture {
    /// The logs that the pool's only supervisor has made for its next attempt, beside the record of the last one.
    fileprivate func preparedLogs() async throws -> (name: FileName, directory: Directory) {
        // They are made before it waits.
        _ = try await waitingAgent()
        let name = FileName("\(try #require(await pool.processIDs.first))")
        return (name, try places().subdirectory(name))
    }

    /// Where supervisors make their logs.
    fileprivate func places() throws -> Directory { try exits.subdirectory(".logs") }

    /// Says that an attempt follows whose logs have a name among the logs.
    fileprivate func announce(_ name: FileName) async { await pool.announce(logs: (logs, name)) }

    /// The agent that waits, stopped, so that it receives nothing.
    fileprivate func stoppedAgent() async throws -> Int32 {
        let waiting = try await waitingAgent()
        kill(waiting, SIGSTOP)
        try await awaitState("T", of: waiting)
        return waiting
    }

    /// Runs a script whose logs have a name, and whose run is named after them; `nil` when it was lost.
    fileprivate func record(_ script: String, as name: FileName) async throws -> ExitRecord? {
        try await run(script) {
            $0.runID += "-\(name)"
            $0.logsName = name
        }.record
    }

    /// What is in the logs of a name.
    fileprivate func output(of name: FileName) throws -> String? {
        let logs = try logs.subdirectory(name)
        #expect(try names(in: logs) == ["stderr.log", "stdout.log"])
        return try logs.read("stdout.log", limit: 100).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Every name in a directory, sorted.
    fileprivate func names(in directory: Directory) throws -> [FileName] {
        var names: [FileName] = []
        try directory.names { name in
            names.append(name)
            return true
        }
        return names.sorted()
    }
}

/// Whether a process has a directory open.
private func isOpen(_ directory: Directory, in pid: Int32) throws -> Bool {
    var isOpen = false
    try Directory.open("/proc/\(pid)/fd").names { name in
        // What is no directory, or closed meanwhile, is not the one.
        let opened = try? Directory.open("/proc/\(pid)/fd/\(name)")
        if opened?.identity == directory.identity { isOpen = true }
        return !isOpen
    }
    return isOpen
}

/// Lets a stopped process go on to a system call, and kills it there.
///
/// - Parameters:
///   - pid: The process.
///   - number: Counts beginnings and ends of calls, from 1 on.
/// - Returns: Whether it came to that call. If not, it has ended, or executed another program.
/// - Throws: When it cannot be traced.
private func killed(_ pid: Int32, atCall number: Int) async throws -> Bool {
    let result = try await blocking { ct_kill_at(pid, Int32(number)) }
    guard result >= 0 else { throw SystemCallError(call: "ptrace", errno: Errno(rawValue: -result)) }
    return result == 1
}
