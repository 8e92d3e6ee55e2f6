// SPDX-License-Identifier: Apache-2.0
// Cuts what comes through the control pipe into lines, whatever comes.

/// Lines out of bytes; memory is bounded, however long a line is.
package struct ControlLines: Sendable {
    /// One line, or what was too long to be one.
    package enum Line: Sendable, Equatable {
        /// A line without its newline.
        case text([UInt8])
        /// The beginning of a line that is longer than allowed; the rest of it is skipped.
        case tooLong
    }

    /// The most bytes of a line: what a pipe takes as a whole, see pipe(7).
    package static let limit = 4096

    private var rest: [UInt8] = []
    private var isSkipping = false

    /// No bytes yet.
    package init() {}

    /// Whether a line has begun and not ended.
    package var isOpen: Bool { isSkipping || !rest.isEmpty }

    /// Takes bytes.
    /// - Parameter bytes: What was read.
    /// - Returns: The lines that ended in it, and one ``Line/tooLong`` for each that became too long; empty lines are
    ///   left out.
    package mutating func take(_ bytes: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var remaining = bytes[...]
        while let newline = remaining.firstIndex(of: UInt8(ascii: "\n")) {
            append(remaining[..<newline], to: &lines)
            if let line = end() { lines.append(line) }
            remaining = remaining[(newline + 1)...]
        }
        append(remaining, to: &lines)
        return lines
    }

    /// Ends a line whose writer has not ended it.
    /// - Returns: The line; nil when there is none, or it was told already.
    package mutating func end() -> Line? {
        defer {
            rest = []
            isSkipping = false
        }
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        return isSkipping || rest.isEmpty ? nil : .text(rest)
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>, to lines: inout [Line]) {
        if isSkipping { return }
        guard rest.count + bytes.count <= Self.limit else {
            rest = []
            isSkipping = true
            lines.append(.tooLong)
            return
        }
        rest += bytes
    }
}
