// SPDX-License-Identifier: Apache-2.0
// Lines of JSON, from bytes as they come.

import QueueModel

/// Cuts bytes into lines and reads those that are JSON objects.
///
/// Memory is bounded by the longest line: a longer one is skipped whole. What is not a JSON object is skipped too:
/// agents print warnings, progress and blank lines between their events.
struct EventLines {
    /// The longest line that is read, in bytes.
    static let longestLine = 16 << 20
    private static let newline = UInt8(ascii: "\n")

    private var rest: [UInt8] = []
    private var isSkipping = false

    /// Starts inside a line, as when the start of a file is not read: what comes before the first newline is no event.
    mutating func skipToNextLine() {
        rest = []
        isSkipping = true
    }

    /// Takes bytes in.
    ///
    /// - Parameters:
    ///   - bytes: what follows the bytes that came before.
    ///   - body: called with every event, in order.
    mutating func feed(_ bytes: [UInt8], _ body: (JSONObject) -> Void) {
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: Self.newline) {
            take(bytes[start..<end])
            if !isSkipping, let event = Self.event(rest) { body(event) }
            rest.removeAll(keepingCapacity: rest.count < 1 << 16)
            isSkipping = false
            start = end + 1
        }
        take(bytes[start...])
    }

    /// Takes the last line, which has no newline.
    ///
    /// - Parameter body: called with its event, if it is one.
    mutating func finish(_ body: (JSONObject) -> Void) {
        if !isSkipping, let event = Self.event(rest) { body(event) }
        rest = []
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        guard !isSkipping else { return }
        if rest.count + bytes.count > Self.longestLine {
            rest = []
            isSkipping = true
        } else {
            rest += bytes
        }
    }

    private static func event(_ line: [UInt8]) -> JSONObject? {
        guard let first = line.first(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }),
            first == UInt8(ascii: "{")
        else { return nil }
        let limits = JSONLimits(maxDepth: 128, maxBytes: longestLine, maxMembers: 1_000_000)
        // What is no JSON is looked at again below.
        if let value = try? JSONParser.parse(line, limits: limits) { return value.objectValue }
        // An answer may be cut in the middle of a character; the event says the same without that half. What is no
        // JSON then is a warning or progress, and says nothing.
        return (try? JSONParser.parse(mended(line), limits: limits))?.objectValue
    }

    /// The line with what no text can hold replaced: bytes that are not UTF-8, and escapes of half a character.
    private static func mended(_ line: [UInt8]) -> [UInt8] {
        let bytes = Array(String(decoding: line, as: UTF8.self).utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                result.append(bytes[index])
                index += 1
                continue
            }
            if let half = surrogate(bytes, at: index) {
                if half < 0xDC00, let low = surrogate(bytes, at: index + 6), low >= 0xDC00 {
                    result += bytes[index..<index + 12]
                    index += 12
                } else {
                    result += Array("\\ufffd".utf8)
                    index += 6
                }
            } else {
                result += bytes[index..<index + 2]
                index += 2
            }
        }
        return result
    }

    /// The half of a surrogate pair that an escape stands for.
    private static func surrogate(_ bytes: [UInt8], at index: Int) -> UInt32? {
        guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u"),
            let code = UInt32(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16),
            0xD800...0xDFFF ~= code
        else { return nil }
        return code
    }
}
