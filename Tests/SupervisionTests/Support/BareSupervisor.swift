// SPDX-License-Identifier: Apache-2.0
// A supervisor process without a pool, spoken to by bytes.

import Glibc
import Supervision
import SystemKit
import Testing

/// A supervisor that a test started by itself.
final class BareSupervisor: Sendable {
    /// What it answers, as far as tests care.
    enum Answer: Equatable {
        case recorded(durable: Bool)
        case refused(Int32)
        case ended

        var isRefusal: Bool {
            if case .refused = self { true } else { false }
        }
    }

    let pid: Int32
    let socket: OwnedDescriptor
    private let fixture: Fixture

    init(_ fixture: Fixture, inheriting others: [Int32] = []) throws {
        let pair = try SocketPair.make()
        let null = try fixture.scratch.createFile("bare-null", exclusive: false)
        pid = try spawnDetached(
            path: supervisorPath,
            arguments: [supervisorPath, String(repeating: " ", count: 160)],
            environment: [],
            descriptors: [null.rawValue, null.rawValue, null.rawValue, pair.second.rawValue] + others
        )
        socket = try pair.first.duplicated()
        self.fixture = fixture
    }

    /// The beginning of a packet.
    static func packet(kind: UInt8, flags: UInt8 = 0) -> [UInt8] {
        [kind, 0, 0, 0, flags] + [UInt8](repeating: 0, count: 11)
    }

    /// Says that a request follows, and whatever else is put behind that.
    func announce(_ body: [UInt8] = [], descriptors: [Int32] = []) throws {
        try sendPacket(socket.rawValue, Self.packet(kind: 3) + body, descriptors: descriptors)
    }

    /// A packet of no bytes, which reads like the end of the stream.
    func sendEmptyPacket() throws {
        #expect(Glibc.send(socket.rawValue, nil, 0, Int32(truncatingIfNeeded: MSG_NOSIGNAL)) == 0)
    }

    /// Sends a request with descriptors as the daemon does, with a lock file that nobody looks at.
    func send(_ body: [UInt8], asFile: Bool = false, in fixture: Fixture) throws {
        try send(body, asFile: asFile, in: fixture, lock: fixture.openLock("bare"))
    }

    /// Sends a request with descriptors as the daemon does: the body in the packet, or in a file.
    func send(
        _ body: [UInt8],
        asFile: Bool = false,
        in fixture: Fixture,
        lock: borrowing OwnedDescriptor
    ) throws {
        let file = try MemoryFile.make(asFile ? body : [])
        let input = try MemoryFile.make([])
        let common = [lock.rawValue, fixture.logs.descriptor, fixture.exits.descriptor]
        let packet = asFile ? Self.packet(kind: 1, flags: 3) : Self.packet(kind: 1, flags: 2) + body
        let descriptors = common + (asFile ? [file.rawValue] : []) + [input.rawValue]
        try sendPacket(socket.rawValue, packet, descriptors: descriptors)
    }

    func run(body: [UInt8], asFile: Bool = false, in fixture: Fixture) async throws -> Answer {
        try send(body, asFile: asFile, in: fixture)
        return try await answer()
    }

    func run(_ request: AttemptRequest, in fixture: Fixture) async throws -> Answer {
        try await run(body: try request.encoded(), in: fixture)
    }

    /// Waits for the next answer.
    func answer() async throws -> Answer {
        await fixture.awaitReadable(socket.rawValue)
        guard let bytes = try receivePacket(socket.rawValue, limit: 4096) else { return .ended }
        if bytes[0] == 3 { return .refused(Int32(bytes[4]) | Int32(bytes[5]) << 8) }
        return .recorded(durable: bytes[0] == 1)
    }

    /// Ends the connection, as the end of the daemon does.
    func disconnect() {
        shutdown(socket.rawValue, Int32(SHUT_RDWR))
    }

    /// Ends the connection and waits for the end of the process.
    func close() async {
        disconnect()
        await fixture.awaitEnd(of: pid)
        // A test may have waited for it already.
        _ = try? reap(pid, nohang: true)
    }
}
