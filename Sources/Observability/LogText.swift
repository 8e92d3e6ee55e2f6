// SPDX-License-Identifier: Apache-2.0
// Text of any origin made safe for a log line.

extension Unicode.Scalar {
    /// Whether the scalar could drive a terminal, break a line, or hide or reorder text.
    ///
    /// These are the control characters (C0, delete, C1), line separators and format characters such as the
    /// bidirectional overrides; the joiners that emoji and some scripts are written with are not.
    var isHazardous: Bool {
        if value < 0x7F { return value < 0x20 }
        if value == 0x200C || value == 0x200D { return false }
        return switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .format: true
        default: false
        }
    }
}

extension [UInt8] {
    /// Appends a JSON string with its quotes; hazardous scalars are escaped.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - limit: The most bytes to append; at least 8. What is cut off is marked by an ellipsis.
    mutating func appendJSON(_ text: String, limit: Int = .max) {
        let end = limit == .max ? Int.max : count + limit
        append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            let start = count
            appendJSON(scalar)
            // Three bytes for the ellipsis, one for the closing quote.
            guard count <= end - 4 else {
                removeSubrange(start...)
                append(contentsOf: "…".utf8)
                break
            }
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func appendJSON(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"", "\\": append(contentsOf: [UInt8(ascii: "\\"), UInt8(truncatingIfNeeded: scalar.value)])
        case "\n": append(contentsOf: "\\n".utf8)
        case "\r": append(contentsOf: "\\r".utf8)
        case "\t": append(contentsOf: "\\t".utf8)
        case _ where scalar.isHazardous:
            for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter { appendHexEscape(unit) }
        default: append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }

    private mutating func appendHexEscape(_ unit: UInt16) {
        let digits = String(unit, radix: 16)
        append(contentsOf: "\\u".utf8)
        append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
        append(contentsOf: digits.utf8)
    }

    /// Appends text for a terminal, on one line; hazardous scalars are shown as `\u{1B}`.
    mutating func appendVisible(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": append(contentsOf: "\\n".utf8)
            case "\r": append(contentsOf: "\\r".utf8)
            case "\t": append(contentsOf: "\\t".utf8)
            case _ where scalar.isHazardous:
                append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".utf8)
            default: append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }
}
