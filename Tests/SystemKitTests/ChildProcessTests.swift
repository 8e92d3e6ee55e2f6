// SPDX-License-Identifier: Apache-2.0
// Programs started by this process.

import Glibc
import Synchronization
import SystemKit
import TestSupport
import Testing

@Suite("Child processes")
struct ChildProcessTests {
    /// Runs a shell script with one file at descriptors 1 to 3, and returns what it wrote there.
    static func output(of script: String, _ environment: [String] = ["PATH=/usr/bin:/bin"]) throws -> String {
        let file = try MemoryFile.make([])
        let input = try Directory.open("/dev")
        let pid = try spawnDetached(
            path: "/bin/sh",
            arguments: ["sh", "-c", script],
            environment: environment,
            descriptors: [input.descriptor, file.rawValue, file.rawValue, file.rawValue]
        )
        #expect(try reap(pid, nohang: false) == .exited(0))
        return String(decoding: try file.read(at: 0, count: 65536), as: UTF8.self)
    }

    @Test func theProgramHasTheGivenDescriptorsAndNoOthers() throws {
        // Inheritable on purpose.
        let (read, write) = try pipeEnds()
        // The shell expands the pattern by opening the directory itself, as descriptor 4 or above.
        let text = try Self.output(
            of: "for d in /proc/$$/fd/*; do readlink $d > /dev/null && echo ${d##*/}; done; true"
        )
        #expect(text.split(separator: "\n") == ["0", "1", "2", "3"])
        for number in [read, write] { close(number) }
    }

    @Test func noSignalIsBlockedIgnoredOrHandled() async {
        await #expect(processExitsWith: .exitCode(0)) {
            signal(SIGPIPE, SIG_IGN)
            signal(SIGHUP, SIG_IGN)
            SignalSource.block([SIGTERM, SIGUSR1])
            let blocked = try blockedSignals()
            // The program's own status, read before a shell could change it.
            let file = try MemoryFile.make([])
            let pid = try spawnDetached(
                path: "/bin/grep",
                arguments: ["grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"],
                environment: [],
                descriptors: [file.rawValue, file.rawValue, file.rawValue]
            )
            try #require(try reap(pid, nohang: false) == .exited(0))
            let text = String(decoding: try file.read(at: 0, count: 4096), as: UTF8.self)
            let masks = text.split(separator: "\n").compactMap { $0.split(separator: "\t").last }
            // grep itself handles SIGSEGV, to say that the stack overflowed.
            try #require(masks[0] == "0000000000000000" && masks[1] == "0000000000000000")
            try #require(try blockedSignals() == blocked)
            exit(0)
        }
    }

    @Test func theEnvironmentIsExactlyTheGivenOne() throws {
        let file = try MemoryFile.make([])
        let pid = try spawnDetached(
            path: "/usr/bin/env",
            arguments: ["env"],
            environment: ["A=1", "B=two words"],
            descriptors: [file.rawValue, file.rawValue, file.rawValue]
        )
        #expect(try reap(pid, nohang: false) == .exited(0))
        #expect(try file.read(at: 0, count: 999) == Array("A=1\nB=two words\n".utf8))
    }

    @Test func sourcesMayOverlapTheirTargets() async {
        await #expect(processExitsWith: .exitCode(0)) {
            // Descriptors 0 to 2 hold files with their number; the child gets them in another order.
            for number in 0..<Int32(3) {
                let file = try MemoryFile.make([UInt8(48 + number)])
                try #require(dup2(file.rawValue, number) == number)
            }
            let results = (try MemoryFile.make([]).release(), try MemoryFile.make([]).release())
            func run(_ sources: [Int32], _ number: Int32) throws -> [UInt8] {
                let result = OwnedDescriptor(adopting: number)
                let pid = try spawnDetached(
                    path: "/bin/sh",
                    arguments: [
                        "sh", "-c", sources.indices.map { "cat <&\($0) >&\(sources.count)" }.joined(separator: ";"),
                    ],
                    environment: ["PATH=/usr/bin:/bin"],
                    descriptors: sources + [result.rawValue]
                )
                try #require(try reap(pid, nohang: false) == .exited(0))
                for source in sources { lseek(source, 0, SEEK_SET) }
                return try result.read(at: 0, count: 9)
            }
            try #require(try run([2, 0, 1], results.0) == Array("201".utf8))
            // A free number among the targets must not be taken for a copy on the way.
            close(0)
            try #require(try run([2, 1], results.1) == Array("21".utf8))
            exit(0)
        }
    }

    @Test func aProgramThatCannotBeStartedLeavesNoProcess() throws {
        let file = try MemoryFile.make([])
        func expectFailure(_ path: String, _ arguments: [String], _ descriptors: [Int32], _ errno: Errno) {
            let error = #expect(throws: SystemCallError.self) {
                try spawnDetached(path: path, arguments: arguments, environment: [], descriptors: descriptors)
            }
            #expect(error?.errno == errno)
        }
        expectFailure("/no/such/program", ["x"], [file.rawValue], .noEntry)
        expectFailure("/etc", ["x"], [file.rawValue], .access)
        expectFailure("/bin/sh", ["x"], [file.rawValue, 9999], .badDescriptor)
        expectFailure("/bin/sh", ["x", "a\0b"], [file.rawValue], .invalidArgument)
        expectFailure("/bin/sh\0x", ["x"], [file.rawValue], .invalidArgument)
    }

    @Test func anEndIsToldOnceAndThenTheNumberIsGone() throws {
        let file = try MemoryFile.make([])
        let pid = try spawnDetached(
            path: "/bin/sh",
            arguments: ["sh", "-c", "exit 7"],
            environment: [],
            descriptors: [file.rawValue]
        )
        #expect(try reap(pid, nohang: false) == .exited(7))
        let error = #expect(throws: SystemCallError.self) { try reap(pid, nohang: true) }
        #expect(error?.errno == .noChild)
    }

    @Test func aPidfdIsReadableAtTheEndAndTakesSignals() async throws {
        try await onReactor { reactor in
            let (read, write) = try pipeEnds()
            // Waits for input that never comes.
            let pid = try spawnDetached(
                path: "/bin/cat",
                arguments: ["cat"],
                environment: [],
                descriptors: [read, write, write]
            )
            let process = try pidfdOpen(pid)
            let number = process.rawValue
            #expect(try reap(pid, nohang: true) == nil)
            async let ended: Void = withCheckedContinuation { continuation in
                do {
                    try reactor.watch(number, for: .read) { _ in
                        reactor.unwatch(number)
                        continuation.resume()
                    }
                } catch {
                    Issue.record(error)
                }
            }
            try sendSignal(SIGKILL, toProcess: process)
            await ended
            #expect(try reap(pid, nohang: true) == .signaled(SIGKILL))
            #expect(throws: SystemCallError.self) { try sendSignal(SIGKILL, toProcess: process) }
            for number in [read, write] { close(number) }
        }
    }

    @Test func manyThreadsStartProgramsAtOnce() async throws {
        let file = try MemoryFile.make([])
        let number = file.rawValue
        let codes = try await withThrowingTaskGroup(of: SystemKit.ExitStatus?.self) { group in
            for code in 0..<40 {
                group.addTask {
                    try await blocking {
                        let pid = try spawnDetached(
                            path: "/bin/sh",
                            arguments: ["sh", "-c", "exit \(code)"],
                            environment: [],
                            descriptors: [number, number, number]
                        )
                        return try reap(pid, nohang: false)
                    }
                }
            }
            return try await group.reduce(into: Set<SystemKit.ExitStatus?>()) { $0.insert($1) }
        }
        #expect(codes == Set((0..<40).map { SystemKit.ExitStatus.exited($0) }))
        #expect(try file.status().kind == .regular)
    }
}

/// The signals that the calling thread blocks, as the kernel prints them.
private func blockedSignals() throws -> String {
    let status = try Directory.open("/proc/thread-self").read("status", limit: 65536) ?? []
    let lines = String(decoding: status, as: UTF8.self).split(separator: "\n")
    return String(try #require(lines.first { $0.hasPrefix("SigBlk:") }))
}
