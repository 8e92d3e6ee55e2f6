// SPDX-License-Identifier: Apache-2.0
// The client of the random kills, in a process of its own so that it can be killed too.

import FaultChecker
import SystemKit
import TestSupport

/// Submits tasks until it is killed; started again, it goes on with the task whose outcome it does not know.
struct LoadClient {
    let root: String
    let log: String
    let seed: UInt64
    private static let backlog = 6

    func run() async throws {
        let client = try Client(root: root, log: log, durability: .full)
        try repairLog()
        let events = try client.reread()
        var number = Int(events.last?.name.split(separator: "-").last ?? "0") ?? 0
        let inbox = "\(root)/tasks/\(QueueRun.worker)"
        while true {
            try submit(number, with: client)
            number += 1
            try await eventually("room in the inbox", in: [inbox], within: .seconds(600)) {
                try count(inbox) < Self.backlog ? true : nil
            }
        }
    }

    /// What the n-th task is follows from the seed.
    private func submit(_ number: Int, with client: Client) throws {
        var generator = SeededGenerator(seed: seed &+ UInt64(number) &* 0x9E37_79B9)
        let id = "k-\(number)"
        let pause = Int.random(in: 0...60, using: &generator)
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: try client.submit(id, "linger:\(pause) fail", retries: 1)
        case 1, 2: try client.submit(id, "linger:\(pause) fail:1", retries: 3)
        case 3: try client.submit(id, "linger:\(pause) stray", retries: 3)
        case 4: try client.submit(id, "bytes:200000", retries: 3)
        default: try client.submit(id, "linger:\(pause)", retries: 3)
        }
        if Int.random(in: 0..<8, using: &generator) == 0 {
            try client.submit(id, "another task", retries: 3)
        }
    }

    /// A kill may have torn the last line; it is ended here, so that the next line stands alone.
    private func repairLog() throws {
        let directory = try Directory.open(log)
        let bytes = try directory.read("client.log", limit: 1 << 28) ?? []
        guard let last = bytes.last, last != UInt8(ascii: "\n") else { return }
        let whole = bytes.prefix(through: bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
        try AtomicFile.write(Array(whole), as: "client.log", in: directory, replacing: true, durability: .relaxed)
    }

    private func count(_ path: String) throws -> Int {
        try listing(path).filter { $0.hasSuffix(".json") }.count
    }
}
