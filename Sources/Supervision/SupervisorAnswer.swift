// SPDX-License-Identifier: Apache-2.0
// The answer of a supervisor, as Sources/vigil-supervisor/supervisor.h lays it out.

import QueueModel
import SystemKit

/// What a supervisor answers to a request.
enum SupervisorAnswer: Equatable {
    case recorded(ExitRecord, isDurable: Bool)
    case refused(Errno)

    /// The most bytes an answer can have.
    static let limit = 4096

    /// Decodes one message; nil when it is none that a supervisor of this version sends.
    init?(decoding bytes: [UInt8]) {
        var message = MessageReader(bytes)
        switch message.number(UInt32.self) {
        case let kind? where kind == 1 || kind == 2:
            // An answer without a readable account is as good as none: the caller treats the supervisor as lost.
            guard let record = message.account(), message.isAtEnd else { return nil }
            self = .recorded(record, isDurable: kind == 1)
        case 3:
            guard let number = message.number(Int32.self), message.isAtEnd else { return nil }
            self = .refused(Errno(rawValue: number))
        default:
            return nil
        }
    }
}

/// Takes one value after the other from a message.
private struct MessageReader {
    private static let stepSize = 24
    private static let runIDSize = 136

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
        let size = Number.bitWidth / 8
        guard bytes.count - position >= size else { return nil }
        var value: Number = 0
        for index in (position..<position + size).reversed() {
            value = value << 8 | Number(truncatingIfNeeded: bytes[index])
        }
        position += size
        return value
    }

    /// A number that is not negative, as none of an account is.
    mutating func count() -> Int64? {
        guard let value = number(Int64.self), value >= 0 else { return nil }
        return value
    }

    mutating func text(of size: Int) -> String? {
        guard bytes.count - position >= size else { return nil }
        let text = bytes[position..<position + size].prefix { $0 != 0 }
        position += size
        return String(validating: text, as: UTF8.self)
    }

    mutating func account() -> ExitRecord? {
        guard let attempt = count(), let startedAt = count(), let finishedAt = count(), let duration = count(),
            let stdoutBytes = count(), let stderrBytes = count(), let cpu = count(), let maxResidentBytes = count(),
            let stragglersKilled = number(UInt32.self), let ending = number(UInt32.self),
            let cutOff = number(UInt32.self), let code = number(Int32.self),
            let step = text(of: Self.stepSize), let runID = text(of: Self.runIDSize),
            let ending = ExitRecord.Ending(number: ending, code: code, step: step),
            cutOff <= ExitRecord.CutOff.allCases.count
        else { return nil }
        return ExitRecord(
            runID: runID,
            attempt: Int(attempt),
            ending: ending,
            cutOff: cutOff == 0 ? nil : ExitRecord.CutOff.allCases[Int(cutOff) - 1],
            startedAt: Timestamp(millisecondsSince1970: startedAt),
            finishedAt: Timestamp(millisecondsSince1970: finishedAt),
            duration: .microseconds(duration),
            stdoutBytes: stdoutBytes,
            stderrBytes: stderrBytes,
            stragglersKilled: Int(stragglersKilled),
            cpu: .microseconds(cpu),
            maxResidentBytes: maxResidentBytes
        )
    }
}

extension ExitRecord.Ending {
    /// The limits are those of a record's file.
    fileprivate init?(number: UInt32, code: Int32, step: String) {
        switch number {
        case 0 where (0...255).contains(code): self = .exited(code: Int(code))
        case 1 where (0...127).contains(code): self = .signalled(Int(code))
        case 2 where (0...4095).contains(code): self = .spawnFailed(step: step, errno: Errno(rawValue: code))
        default: return nil
        }
    }
}
