// SPDX-License-Identifier: Apache-2.0
// What the kernel knows of the processes of a test.

import Glibc
import QueueModel
import SystemKit
import TestSupport

/// The resident memory of a process in bytes, from proc_pid_status(5); the most it ever was when `peak`.
func memory(of pid: Int32, peak: Bool = false) -> Int {
    let wanted = peak ? "VmHWM:" : "VmRSS:"
    for line in processFile(pid, "status").split(separator: "\n") where line.hasPrefix(wanted) {
        return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) * 1024
    }
    return 0
}

/// A file of a process below /proc; empty when the process has ended.
func processFile(_ pid: Int32, _ name: FileName) -> String {
    // It may end between any two calls.
    let bytes = try? Directory.open("/proc/\(pid)").read(name, limit: 1 << 20)
    return String(decoding: bytes ?? [], as: UTF8.self)
}

/// The command line of a process, its words separated by spaces.
func commandLine(_ pid: Int32) -> String {
    processFile(pid, "cmdline").split(separator: "\0").joined(separator: " ")
}

/// Waits until a process has ended.
func waitForEnd(of pid: Int32, within limit: Duration = Patience.limit) async throws {
    // There is no handle of a process that has ended.
    guard let handle = try? pidfdOpen(pid) else { return }
    let descriptor = handle.release()
    defer { close(descriptor) }
    let milliseconds = Int32(limit.components.seconds * 1000)
    let ready = try await blocking {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, milliseconds)
    }
    guard ready > 0 else { throw Survivor(pid: pid, command: commandLine(pid)) }
}

/// A process that should have ended.
struct Survivor: Error {
    let pid: Int32
    let command: String
}

extension DaemonFixture {
    /// The supervisors of this root that run an attempt.
    func busySupervisors() throws -> [Int32] {
        try processes.numbers().filter { commandLine($0).contains("vigil-supervisor run=") }
    }

    /// Waits until the daemon has just these files of the inbox open, whatever has become of them; looks with every
    /// heartbeat.
    func waitUntilOpen(_ names: [String]) async throws {
        let pid = try daemon.pid
        try await eventually("\(names) open and no other task file", in: ["\(root)/heartbeats"]) { [self] in
            try openTaskFiles(of: pid) == names ? true : nil
        }
    }

    private func openTaskFiles(of pid: Int32) throws -> [String] {
        let directory = "/proc/\(pid)/fd"
        var found: [String] = []
        try Directory.open(directory).names { name in
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let length = readlink("\(directory)/\(name)", &buffer, buffer.count)
            let path = String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if path.hasPrefix(inbox() + "/") { found.append(String(path.dropFirst(inbox().count + 1))) }
            return true
        }
        return found.sorted()
    }
}
