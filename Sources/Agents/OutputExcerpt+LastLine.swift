// SPDX-License-Identifier: Apache-2.0
// The line of an output that most likely says what happened.

extension OutputExcerpt {
    /// The most scalars of a line that go into a message.
    static let longestLine = 300

    /// The last line with something to read in it, without colours and control characters; nil when there is none.
    var lastLine: String? {
        let isBreak = { (byte: UInt8) in byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
        var rest = text[...]
        while !rest.isEmpty {
            // Line breaks are ASCII, so an index behind one never stands inside a character.
            let start = rest.utf8.lastIndex(where: isBreak).map { rest.utf8.index(after: $0) } ?? rest.startIndex
            let line = Self.readable(rest[start...].unicodeScalars.prefix(8 * Self.longestLine))
            if !line.isEmpty { return line }
            guard start > rest.startIndex else { return nil }
            rest = rest[..<rest.utf8.index(before: start)]
        }
        return nil
    }

    /// The text without terminal sequences (ECMA-48), control characters, and white space around it.
    private static func readable(_ scalars: Substring.UnicodeScalarView.SubSequence) -> String {
        var kept = String.UnicodeScalarView()
        var rest = scalars
        while let scalar = rest.popFirst() {
            if scalar == "\u{1B}" {
                skipSequence(&rest)
            } else if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
                if !kept.isEmpty { kept.append(" ") }
            } else if scalar.properties.generalCategory != .control {
                kept.append(scalar)
            }
        }
        while kept.last == " " { kept.removeLast() }
        guard kept.count > longestLine else { return String(kept) }
        return String(String.UnicodeScalarView(kept.prefix(longestLine))) + "…"
    }

    /// Steps over what follows an escape character.
    private static func skipSequence(_ rest: inout Substring.UnicodeScalarView.SubSequence) {
        switch rest.popFirst() {
        case "[":
            while let scalar = rest.popFirst(), !("@"..."~" ~= scalar) {}
        case "]":
            // An operating system command ends in BEL, or in ESC and a backslash.
            while let scalar = rest.popFirst(), scalar != "\u{7}" {
                if scalar == "\u{1B}" {
                    _ = rest.popFirst()
                    return
                }
            }
        default: break
        }
    }
}
