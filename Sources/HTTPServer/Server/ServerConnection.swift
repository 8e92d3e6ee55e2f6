// SPDX-License-Identifier: Apache-2.0
// A connection's socket, state machine and timer, held together.

import SystemKit

/// What the server holds for one connection; the server's actor owns it.
final class ServerConnection {
    /// What came of a look at the socket.
    enum Input {
        /// Bytes arrived, or none are there yet.
        case bytes([UInt8])
        /// The client sends nothing more.
        case end
        /// The connection is gone.
        case failed
    }

    /// The most bytes taken at once, so that no connection keeps the others waiting.
    private static let readBytes = 16 << 10

    /// The connection's number.
    let number: UInt64
    /// What the connection is up to.
    var machine: HTTPConnection
    /// What it is up to once it has become a WebSocket; the other one is at its end then.
    var webSocket: WebSocketConnection?
    /// The timer that is set, and for when; it may be earlier than the machine's deadline.
    var timer: (id: TimerID, moment: ContinuousClock.Instant)?
    /// The request being handled, under its number on this server.
    var request: UInt64?
    /// Who waits for the output to be taken.
    private var writers: [CheckedContinuation<Void, Never>] = []
    /// Who waits for a message.
    var reader: CheckedContinuation<Void, Never>?
    /// Whether the socket was found readable while nothing was to be read.
    var hasUnwantedInput = false
    private let socket: StreamSocket
    /// Nil when the connection is not encrypted.
    private let tls: TLSSession?
    /// What is encrypted and has to be sent, and whether nothing comes behind it.
    private var sealed: [UInt8] = []
    private var isLast = false
    private var interest = Interest.read

    init(number: UInt64, socket: consuming StreamSocket, tls: TLSSession?, machine: HTTPConnection) {
        self.number = number
        self.socket = socket
        self.tls = tls
        self.machine = machine
    }

    /// The socket's number, to watch it.
    var descriptor: Int32 { socket.descriptor }

    /// Reads once.
    func read() -> Input {
        do {
            let bytes = try socket.receive(limit: Self.readBytes)
            guard let tls, !bytes.isEmpty else { return bytes.isEmpty ? .end : .bytes(bytes) }
            return decrypt(bytes, tls)
        } catch {
            return error.errno == .again ? .bytes([]) : .failed
        }
    }

    /// Sends once: the count of bytes that the kernel took, or nil when the connection is gone.
    func write() -> Int? {
        do {
            guard let tls else { return try socket.send(output) }
            return try writeSealed(tls)
        } catch {
            return error.errno == .again ? 0 : nil
        }
    }

    /// What was meant by bytes that arrived; an end is told by the next look.
    private func decrypt(_ bytes: [UInt8], _ tls: TLSSession) -> Input {
        let input = tls.received(bytes)
        sealed += tls.takeOutput()
        switch input {
        case .bytes(let plain): return .bytes(plain)
        case .end(let plain): return plain.isEmpty ? .end : .bytes(plain)
        case .failed:
            // The client is told why, if it still listens.
            _ = try? socket.send(sealed[...])
            return .failed
        }
    }

    /// Encrypts a part of the output when all before it is gone, and sends what is encrypted.
    private func writeSealed(_ tls: TLSSession) throws(SystemCallError) -> Int? {
        var count = 0
        if sealed.isEmpty, !output.isEmpty {
            guard let taken = tls.seal(output) else { return nil }
            count = taken
            sealed = tls.takeOutput()
        }
        do {
            if !sealed.isEmpty { sealed.removeFirst(try socket.send(sealed[...])) }
        } catch {
            guard error.errno == .again else { throw error }
        }
        if sealed.isEmpty, isLast { socket.finishWriting() }
        return count
    }

    /// Wakes who waits for the output to be taken, whether it was or the connection is gone.
    func wakeWriter() {
        let waiting = writers
        writers = []
        for writer in waiting { writer.resume() }
    }

    /// Waits until the output was taken or the connection is gone; it may be woken before.
    func waitToWrite() async { await withCheckedContinuation { writers.append($0) } }

    /// Wakes who waits for a message, whether one has come or none will.
    func wakeReader() {
        reader?.resume()
        reader = nil
    }

    /// Tells the client that nothing more will come.
    func finishWriting() {
        guard let tls else { return socket.finishWriting() }
        tls.finish()
        sealed += tls.takeOutput()
        isLast = true
    }

    /// The interest to register now, or nil when the registered one will do.
    ///
    /// Interest in reading is given up only when something has arrived that is not wanted yet, which spares two system
    /// calls for most requests.
    func takeNewInterest() -> Interest? {
        defer { hasUnwantedInput = false }
        var wanted: Interest = wantsInput ? .read : []
        if hasOutput { wanted.insert(.write) }
        if !hasUnwantedInput, interest.contains(.read) { wanted.insert(.read) }
        guard wanted != interest else { return nil }
        interest = wanted
        return wanted
    }
}

// MARK: - Whichever protocol is spoken

extension ServerConnection {
    /// The bytes to send now.
    var output: ArraySlice<UInt8> { webSocket?.output ?? machine.output }

    /// Whether something is to be sent.
    var hasOutput: Bool { !output.isEmpty || !sealed.isEmpty }

    /// Whether reading makes sense now.
    var wantsInput: Bool { webSocket?.wantsInput ?? machine.wantsInput }

    /// When something is due.
    var deadline: ContinuousClock.Instant { webSocket?.deadline ?? machine.deadline }

    /// Bytes arrived.
    func received(_ bytes: [UInt8], at now: HTTPMoment) -> HTTPConnection.Action {
        webSocket?.received(bytes, at: now.instant) ?? machine.received(bytes, at: now)
    }

    /// The client will send nothing more.
    func inputEnded() -> HTTPConnection.Action { webSocket?.inputEnded() ?? machine.inputEnded() }

    /// Output was taken by the socket.
    func sent(_ count: Int, at now: HTTPMoment) -> HTTPConnection.Action {
        webSocket?.sent(count, at: now.instant) ?? machine.sent(count, at: now)
    }

    /// The deadline passed.
    func deadlinePassed(at now: HTTPMoment) -> HTTPConnection.Action {
        webSocket?.deadlinePassed(at: now.instant) ?? machine.deadlinePassed(at: now)
    }

    /// Takes a message of the client; nil when this is no WebSocket.
    func takeMessage(
        at now: HTTPMoment
    ) -> (message: WebSocketMessage?, action: HTTPConnection.Action)? { webSocket?.takeMessage(at: now.instant) }

    /// The server stops.
    func shutDown(at now: HTTPMoment) -> HTTPConnection.Action {
        webSocket?.shutDown(at: now.instant) ?? machine.shutDown()
    }
}
