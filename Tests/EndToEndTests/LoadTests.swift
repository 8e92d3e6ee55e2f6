// SPDX-License-Identifier: Apache-2.0
// Many tasks at once: each gets exactly one result.

import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

/// These have the machine to themselves: what they measure and wait for would otherwise depend on their neighbours.
@Suite(.serialized, .runsAlone, .tags(.heavy), .guardedAgainstHangs) struct LoadTests {
    private static let limit = Duration.seconds(240)

    /// Drops tasks `1` to `count` as a producer does, on a thread of its own.
    private func submit(_ count: Int, to daemon: DaemonFixture) async throws {
        let path = daemon.inbox()
        try await blocking {
            let inbox = try Directory.create(path)
            for number in 1...count {
                let bytes = Array(DaemonFixture.task("t\(number)", "x").utf8)
                let name = FileName("t\(number).json")
                try AtomicFile.write(bytes, as: name, in: inbox, replacing: false, durability: .relaxed)
            }
        }
    }

    /// Checks that every task has a result of one attempt, and that nothing else is left.
    private func expectOneResultEach(_ count: Int, _ daemon: DaemonFixture) async throws {
        _ = try await daemon.heartbeat(within: Self.limit) { $0.stats.tasksProcessed >= count && $0.activeTasks == 0 }
        let zombies = try children(of: daemon.daemon.pid).filter { $0.state == "Z" }
        #expect(zombies.isEmpty)
        try await daemon.expectCleanEnd()
        let root = daemon.root
        let attempts = try await blocking {
            let results = try Directory.open("\(root)/results/marie")
            return try (1...count).map { number in
                let bytes = try results.read(FileName("t\(number).json"), limit: 1 << 20) ?? []
                let result = try ResultRecord.decode(bytes)
                return result.status == .completed && result.taskID.string == "t\(number)" ? result.attempts.count : -1
            }
        }
        #expect(attempts == [Int](repeating: 1, count: count))
        #expect(try daemon.names(in: "results/marie").count { $0.hasSuffix(".json") } == count)
        #expect(try daemon.names(in: "triggers/marie").count == count)
        #expect(try daemon.names(in: "tasks/marie") == [])
        #expect(try daemon.names(in: "tasks/.claims") == [])
        #expect(try daemon.names(in: "dlq/marie") == [])
        #expect(try await daemon.heartbeat().stats.tasksProcessed == count)
    }

    @Test func twoThousandTasksFromBeforeTheStartRunOnceEach() async throws {
        try await DaemonFixture.idle(["DURABILITY": "relaxed"]) {
            $0.agent = #"echo "$VIGIL_TASK_ID" >>"${0%/*}/witness""#
        } _: { daemon in
            try await submit(2_000, to: daemon)
            try await daemon.start()
            try await expectOneResultEach(2_000, daemon)
            let ran = try daemon.witness()
            #expect(ran.count == 2_000)
            #expect(Set(ran).count == 2_000)
        }
    }

    @Test func twentyThousandTasksWhoseEventsWereLostRunOnceEach() async throws {
        let settings = [
            "DURABILITY": "relaxed", "CLAUDE_COMMAND": "/bin/true", "SCAN_INTERVAL": "3600", "LOG_LEVEL": "INFO",
        ]
        try await DaemonFixture.idle(settings) {
            $0.parent = memoryFileSystem
        } _: { daemon in
            try await daemon.start()
            // The queue of events holds 16,384; a file makes three of them.
            try daemon.daemon.send(SIGSTOP)
            try await submit(20_000, to: daemon)
            try daemon.daemon.send(SIGCONT)
            _ = try await daemon.heartbeat { $0.queueSize + $0.stats.tasksProcessed > 0 }
            let pid = try daemon.daemon.pid
            let before = memory(of: pid)
            try await expectOneResultEach(20_000, daemon)
            #expect(daemon.logText.contains("directory events were lost, scanning"))
            #expect(before < 128 << 20)
        }
    }

    @Test func hundredsOfChildrenThatEndTogetherLeaveNoZombie() async throws {
        try await DaemonFixture.working(["MAX_CONCURRENT_TASKS": "64", "DURABILITY": "relaxed"]) { daemon in
            let gate = try daemon.makeGate()
            let ids = (1...64).map { "t\($0)" }
            for id in ids { try daemon.submit(id, "for i in 1 2 3 4 5; do pass gate & done; wait") }
            _ = try await daemon.heartbeat { $0.activeTasks == 64 }
            try gate.pass(320)
            for id in ids { #expect(try await daemon.result(of: id).status == .completed) }
            _ = try await daemon.heartbeat { $0.activeTasks == 0 }
            #expect(try children(of: daemon.daemon.pid).filter { $0.state == "Z" }.isEmpty)
        }
    }
}

/// Where a hundred thousand files are made and removed in no time, whatever else the disk has to do; nil: nowhere.
private let memoryFileSystem: String? = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nil

/// The children of a process, with the letter of their state, see proc_pid_stat(5).
private func children(of parent: Int32) throws -> [(pid: Int32, state: String)] {
    var pids: [Int32] = []
    try Directory.open("/proc").names { name in
        if let pid = Int32(name.description) { pids.append(pid) }
        return true
    }
    return pids.compactMap { pid in
        let fields = processFile(pid, "stat").split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 1 && fields[1] == "\(parent)" ? (pid, String(fields[0])) : nil
    }
}
