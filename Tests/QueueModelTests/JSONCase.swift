// SPDX-License-Identifier: Apache-2.0
// One row of the tables about which JSON is accepted and which is refused.

import QueueModel
import Testing

/// A piece of an input: text, or one raw byte.
enum Piece: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case text(String)
    case byte(UInt8)

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: UInt8) { self = .byte(value) }

    var bytes: [UInt8] {
        switch self {
        case .text(let text): Array(text.utf8)
        case .byte(let byte): [byte]
        }
    }
}

/// The bytes of some pieces.
func bytes(_ pieces: Piece...) -> [UInt8] {
    pieces.flatMap(\.bytes)
}

/// One document and what the reader must make of it.
struct JSONCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable, Equatable {
        case accepted(JSONValue)
        case refused(JSONParseError.Code, offset: Int)
    }

    let name: String
    let input: [UInt8]
    let outcome: Outcome

    var testDescription: String { name }

    static func accept(_ input: Piece..., as value: JSONValue, _ name: String) -> JSONCase {
        JSONCase(name: name, input: input.flatMap(\.bytes), outcome: .accepted(value))
    }

    static func refuse(_ input: Piece..., as code: JSONParseError.Code, at offset: Int, _ name: String) -> JSONCase {
        JSONCase(name: name, input: input.flatMap(\.bytes), outcome: .refused(code, offset: offset))
    }

    /// What the reader makes of the input.
    func actualOutcome(limits: JSONLimits = .task) -> Outcome {
        do throws(JSONParseError) {
            return .accepted(try JSONParser.parse(input, limits: limits))
        } catch {
            return .refused(error.code, offset: error.offset)
        }
    }
}

extension JSONValue {
    /// A number with exactly this text.
    static func exactly(_ text: String) -> JSONValue {
        // The comparison with null then fails and shows the row.
        (try? JSONParser.parse(Array(text.utf8), limits: .task)) ?? .null
    }
}
