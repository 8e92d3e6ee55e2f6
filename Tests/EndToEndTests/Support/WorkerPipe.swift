// SPDX-License-Identifier: Apache-2.0
// The ends of a worker's pipes that a script holds.

import Glibc
import QueueModel
import Synchronization
import SystemKit
import TestSupport

/// Reads a worker's status pipe, and writes to its control pipe.
final class WorkerPipe: Sendable {
    private let root: String
    private let worker: String
    private let status: OwnedDescriptor
    /// What was read behind the last line that was wanted.
    private let rest = Mutex<[UInt8]>([])

    /// Opens the status pipe, before anything is asked.
    init(_ daemon: DaemonFixture) throws {
        root = daemon.root
        worker = daemon.options.worker
        let directory = try Directory.open("\(root)/pipes")
        status = try directory.openPipe(FileName("\(worker)-status"), for: .reading)
    }

    /// Writes bytes to the control pipe, however long that takes.
    func write(_ bytes: [UInt8]) async throws {
        let path = "\(root)/pipes/\(worker)-control"
        try await blocking {
            let opened = open(path, O_WRONLY | O_CLOEXEC)
            guard opened >= 0 else { throw SystemCallError(call: "open", errno: Errno(rawValue: errno), path: path) }
            try OwnedDescriptor(adopting: opened).write(all: bytes)
        }
    }

    /// Writes a line to the control pipe.
    func ask(_ line: String) async throws { try await write(Array((line + "\n").utf8)) }

    /// Reads lines until one is wanted.
    /// - Returns: All lines up to that one.
    func lines(until isWanted: @escaping @Sendable (JSONObject) -> Bool) async throws -> [JSONObject] {
        try await blocking { [self] in
            var found: [JSONObject] = []
            let deadline = ContinuousClock.now + Patience.limit
            while true {
                while let line = nextLine() {
                    let value = try JSONParser.parse(line, limits: .file(1 << 16))
                    guard let object = value.objectValue else { throw PipeFailure("a line is no object") }
                    found.append(object)
                    if isWanted(object) { return found }
                }
                guard try waitForInput(on: [status.rawValue], until: deadline) else {
                    throw PipeFailure("no such line; there were \(found)")
                }
                let bytes = try status.read(count: 1 << 16)
                rest.withLock { $0 += bytes }
            }
        }
    }

    private func nextLine() -> [UInt8]? {
        rest.withLock { rest in
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            defer { rest.removeFirst(end + 1) }
            return Array(rest[..<end])
        }
    }

    /// The data of the next answer.
    func answer() async throws -> JSONObject {
        let lines = try await lines { $0["event_type"] == "answer" }
        return lines.last?["data"]?.objectValue ?? [:]
    }
}

/// What was wrong with the lines of a pipe.
struct PipeFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
