// SPDX-License-Identifier: Apache-2.0
// The wire format between daemon and supervisor; its other side is Sources/vigil-supervisor/supervisor.h.

import QueueModel
package import SystemKit

extension AttemptRequest {
    /// The body of a request as the supervisor reads it.
    /// - Throws: ``RequestError`` for what the supervisor would refuse.
    package func encoded() throws(RequestError) -> [UInt8] {
        try check()
        var body = RequestBody()
        body.append(UInt64(attempt))
        body.append(timeout.map { max(1, $0.wholeMilliseconds) } ?? 0)
        body.append(grace.wholeMilliseconds)
        body.append(UInt64(maxLogBytes))
        body.append(syncRecord ? 1 : 0)
        body.append(UInt64(claimOffset ?? 0))
        try body.append(runID.utf8, field: "run id")
        try body.append(recordName.bytes, field: "record name")
        try body.append(spareName?.bytes ?? [], field: "spare")
        try body.append(logsName?.bytes ?? [], field: "logs")
        try body.append(workingDirectory.utf8, field: "working directory")
        try body.append((cgroupParent ?? "").utf8, field: "control group")
        try body.append(list: arguments, field: "arguments")
        try body.append(list: environment, field: "environment")
        guard body.bytes.count <= RequestBody.limit else {
            throw RequestError(code: .tooLarge, field: "request")
        }
        return body.bytes
    }

    private func check() throws(RequestError) {
        guard Self.isValidRunID(runID) else { throw RequestError(code: .invalidRunID, field: "run id") }
        guard attempt >= 0 else { throw RequestError(code: .negative, field: "attempt") }
        guard claimOffset ?? 1 > 0 else { throw RequestError(code: .negative, field: "claim offset") }
        guard maxLogBytes >= 0 else { throw RequestError(code: .negative, field: "log limit") }
        guard recordName.isPlain else { throw RequestError(code: .invalidName, field: "record name") }
        guard logsName?.isPlain ?? true else { throw RequestError(code: .invalidName, field: "logs") }
        guard workingDirectory.utf8.first == UInt8(ascii: "/") else {
            throw RequestError(code: .relativeWorkingDirectory, field: "working directory")
        }
        guard let program = arguments.first, !program.isEmpty else {
            throw RequestError(code: .noProgram, field: "arguments")
        }
    }
}

/// Bytes of a request under construction.
private struct RequestBody {
    static let limit = 16 << 20
    private(set) var bytes: [UInt8] = []

    init() {
        // What most requests come to, so that they are not moved while they grow.
        bytes.reserveCapacity(1024)
        bytes += "VIGILRQ6".utf8
    }

    mutating func append(_ value: some FixedWidthInteger) {
        bytes.appendLittleEndian(value)
    }

    mutating func append(_ text: some Collection<UInt8>, field: String) throws(RequestError) {
        guard text.count <= Self.limit else { throw RequestError(code: .tooLarge, field: field) }
        append(UInt32(text.count))
        let start = bytes.count
        // As one stretch of memory, which is several times quicker than byte by byte.
        let isAppended: Void? = text.withContiguousStorageIfAvailable { unsafe bytes.append(contentsOf: $0) }
        if isAppended == nil { bytes += text }
        guard !bytes.span.extracting(start..<bytes.count).holdsZero else {
            throw RequestError(code: .zeroByte, field: field)
        }
        bytes.append(0)
    }

    mutating func append(list: [String], field: String) throws(RequestError) {
        guard list.count <= Self.limit else { throw RequestError(code: .tooLarge, field: field) }
        append(UInt32(list.count))
        for text in list { try append(text.utf8, field: field) }
    }
}

/// Why the daemon ends an attempt; the numbers are those of the wire.
package enum TerminationReason: UInt32, Sendable, CaseIterable {
    /// Somebody asked for the task to be cancelled.
    case cancelled = 1
    /// The daemon goes away and does not want the attempt to go on.
    case shutdown
    /// The agent did not begin.
    case start
    /// The agent neither said nor computed anything.
    case silence
    /// One of the agent's tools took too long.
    case tool
    /// The agent had said its result, and did not end.
    case afterResult
    /// The attempt has cost as much as it may.
    case budget
}

/// The fixed-size beginnings of packets to a supervisor.
package enum SupervisorPacket {
    /// Something to run; the descriptors of lock, output and exits come with it.
    ///
    /// With `claimRecord` comes the file of the claim's record; with `bodyFile` the encoded request is in one descriptor
    /// more, and otherwise behind this; with `input`, the last descriptor is the agent's standard input.
    case run(claimRecord: Bool, bodyFile: Bool, input: Bool)
    /// The end of the present attempt.
    case terminate(TerminationReason, grace: Duration)

    /// Something to run follows most likely, at once.
    ///
    /// With `logs`, the name that its logs are going to have, the descriptor of their directory comes.
    case announcement(logs: FileName?)

    /// The most bytes of an encoded request that a packet can have behind its beginning.
    package static let bodyLimit = 64 << 10

    /// The bytes of the wire.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .run(let claimRecord, let bodyFile, let input):
            bytes.appendLittleEndian(UInt32(1))
            bytes.appendLittleEndian(UInt32(bodyFile ? 1 : 0) | UInt32(input ? 2 : 0) | UInt32(claimRecord ? 4 : 0))
            bytes.appendLittleEndian(UInt64(0))
        case .terminate(let reason, let grace):
            bytes.appendLittleEndian(UInt32(2))
            bytes.appendLittleEndian(reason.rawValue)
            bytes.appendLittleEndian(grace.wholeMilliseconds)
        case .announcement(let logs):
            bytes.appendLittleEndian(UInt32(3))
            bytes.appendLittleEndian(UInt32(0))
            bytes.appendLittleEndian(UInt64(0))
            if let logs { bytes += logs.bytes + [0] }
        }
        return bytes
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, between zero and what the supervisor takes (ten years).
    fileprivate var wholeMilliseconds: UInt64 {
        let tenYears: Int64 = 315_360_000
        let (seconds, attoseconds) = components
        guard self > .zero else { return 0 }
        guard seconds < tenYears else { return UInt64(tenYears) * 1000 }
        return UInt64(seconds) * 1000 + UInt64((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

extension [UInt8] {
    fileprivate mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
    }
}

extension FileName {
    /// Whether it is one plain path component.
    fileprivate var isPlain: Bool {
        (1...255).contains(bytes.count) && !bytes.contains(UInt8(ascii: "/")) && bytes != [46] && bytes != [46, 46]
    }
}
