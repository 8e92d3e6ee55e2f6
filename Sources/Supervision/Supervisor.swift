// SPDX-License-Identifier: Apache-2.0
// One supervisor process, as the pool holds it.

import Glibc
import SystemKit

/// A supervisor process with the socket to it; used on the reactor's thread only.
final class Supervisor {
    /// The process's number, which stays its own until ``destroy(on:)``.
    let pid: Int32
    private let process: OwnedDescriptor
    private var socket: OwnedDescriptor?
    /// What it was handed and has not answered yet.
    private var run: SupervisorPool.Run?

    /// Starts the program, as a session of its own that does not end with this process.
    init(executable: String) throws(SystemCallError) {
        let ends = try SocketPair.make()
        let nothing = try openNothing()
        // Room for the title in which the supervisor shows the run it serves.
        let title = String(repeating: " ", count: 200)
        // A supervisor belongs to the tree of the attempt that this process itself may be part of.
        let marker = SystemInfo.environment["VIGIL_RUN_ID"].map { ["VIGIL_RUN_ID=\($0)"] } ?? []
        let pid = try spawnDetached(
            path: executable,
            arguments: [executable, title],
            environment: marker,
            descriptors: [nothing.rawValue, nothing.rawValue, nothing.rawValue, ends.second.rawValue]
        )
        do {
            process = try pidfdOpen(pid)
        } catch {
            // A child of ours, not waited for yet: the number is still its own.
            kill(pid, SIGKILL)
            // What counts is why it cannot be watched.
            _ = try? reap(pid, nohang: false)
            throw error
        }
        self.pid = pid
        socket = .some(ends.first)
    }

    /// Whether the socket is still in use.
    var isConnected: Bool { socket != nil }

    /// Hears about messages and about the end of the process.
    func watch(
        on reactor: Reactor,
        readable: @escaping @Sendable () -> Void,
        ended: @escaping @Sendable () -> Void
    ) throws(SystemCallError) {
        try reactor.watch(process.rawValue, for: .read) { _ in ended() }
        if let descriptor = socket?.rawValue {
            try reactor.watch(descriptor, for: .read) { _ in readable() }
        }
    }

    /// Sends a packet without descriptors.
    func send(_ packet: SupervisorPacket) throws(SystemCallError) {
        try send(packet.bytes, descriptors: [])
    }

    /// Says what most likely follows; the supervisor gets a copy of the descriptor.
    func announce(_ logs: (output: Directory, name: FileName)?) throws(SystemCallError) {
        let packet = SupervisorPacket.announcement(logs: logs?.name)
        try send(packet.bytes, descriptors: logs.map { [$0.output.descriptor] } ?? [])
    }

    /// Hands over an attempt; the supervisor gets copies of the descriptors.
    func begin(_ run: SupervisorPool.Run, _ message: borrowing RunMessage) throws(SystemCallError) {
        try send(message.bytes, descriptors: message.descriptors)
        self.run = run
    }

    /// Tells whoever waits for its run.
    /// - Returns: Whether it had one.
    @discardableResult
    func endRun(_ ending: AttemptEnding) -> Bool {
        guard let run = run.take() else { return false }
        run.end(ending)
        return true
    }

    private func send(_ bytes: [UInt8], descriptors: [Int32]) throws(SystemCallError) {
        guard let descriptor = socket?.rawValue else { throw SystemCallError(call: "sendmsg", errno: .brokenPipe) }
        try sendPacket(descriptor, bytes, descriptors: descriptors)
    }

    /// The next message; nil at the end of the stream.
    /// - Throws: ``Errno/again`` when none is there yet.
    func receive() throws(SystemCallError) -> [UInt8]? {
        guard let descriptor = socket?.rawValue else { return nil }
        return try receivePacket(descriptor, limit: SupervisorAnswer.limit)
    }

    /// Closes the socket: an idle supervisor ends, a busy one goes on alone.
    func disconnect(from reactor: Reactor) {
        if let descriptor = socket?.rawValue { reactor.unwatch(descriptor) }
        socket = nil
    }

    /// Signals this very process; nothing happens when it has ended.
    func signal(_ number: Int32) {
        // It may have ended meanwhile.
        try? sendSignal(number, toProcess: process)
    }

    /// Forgets the process, which is killed if it has not ended, and waited for.
    func destroy(on reactor: Reactor) {
        signal(SIGKILL)
        disconnect(from: reactor)
        reactor.unwatch(process.rawValue)
        // There is nothing to learn from its status: what counts is in the record.
        _ = try? reap(pid, nohang: false)
    }
}

/// A request as it is sent, with the descriptors that are made for it.
struct RunMessage: ~Copyable {
    /// The packet.
    let bytes: [UInt8]
    /// What comes with it, in the order of the wire.
    let descriptors: [Int32]
    /// The encoded request, when it is too large for the packet.
    private let body: OwnedDescriptor?
    /// The agent's standard input, when it has one.
    private let input: OwnedDescriptor?

    /// Encodes a request.
    /// - Parameters:
    ///   - request: What to run.
    ///   - own: The descriptors of lock, output and exits, in this order.
    /// - Throws: ``RequestError``, and what keeps a file in memory from being made.
    init(_ request: AttemptRequest, _ own: [Int32]) throws {
        let (hasRoom, hasInput) = (request.exitRoom != nil, request.input != nil)
        let small = SupervisorPacket.run(exitRoom: hasRoom, bodyFile: false, input: hasInput)
        var bytes = try request.encoded(behind: small.bytes)
        let isLarge = bytes.count - SupervisorPacket.beginningSize > SupervisorPacket.bodyLimit
        let body: OwnedDescriptor? =
            if isLarge { try MemoryFile.make(Array(bytes[SupervisorPacket.beginningSize...])) } else { nil }
        if isLarge { bytes = SupervisorPacket.run(exitRoom: hasRoom, bodyFile: true, input: hasInput).bytes }
        let input: OwnedDescriptor? = if let text = request.input { try MemoryFile.make(text) } else { nil }
        var descriptors = own
        if let room = request.exitRoom { descriptors.append(room.descriptor) }
        if let body = number(of: body) { descriptors.append(body) }
        if let input = number(of: input) { descriptors.append(input) }
        self.bytes = bytes
        self.descriptors = descriptors
        self.body = body
        self.input = input
    }
}

private func number(of descriptor: borrowing OwnedDescriptor?) -> Int32? {
    switch descriptor {
    case .some(let descriptor): descriptor.rawValue
    case .none: nil
    }
}

/// Opens `/dev/null`.
private func openNothing() throws(SystemCallError) -> OwnedDescriptor {
    let descriptor = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw SystemCallError(call: "open", errno: Errno(rawValue: errno), path: "/dev/null")
    }
    return OwnedDescriptor(adopting: descriptor)
}
