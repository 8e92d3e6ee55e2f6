// SPDX-License-Identifier: Apache-2.0
// Ids for tasks that come without one.

package import QueueModel

/// Makes ids that sort by time and that nobody else makes.
package struct NewTaskID: Sendable {
    private let stem: String

    /// Draws the random part.
    /// - Parameters:
    ///   - now: The present time; the id shows it in UTC, to the second.
    ///   - generator: Where 32 random bits come from.
    package init(now: Timestamp, using generator: inout some RandomNumberGenerator) {
        let digits = now.description.utf8.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let date = String(decoding: digits.prefix(8), as: UTF8.self)
        let time = String(decoding: digits.dropFirst(8).prefix(6), as: UTF8.self)
        let random = String(UInt32.random(in: 0...UInt32.max, using: &generator), radix: 16)
        stem = "t-\(date)-\(time)-" + String(repeating: "0", count: 8 - random.count) + random
    }

    /// The id for a task by itself, such as `t-20261125-221530-4f9a1c07`.
    package var single: TaskID { Self.id(stem) }

    /// The id for a line of a batch: the ids of one batch begin alike and sort as its lines do.
    /// - Parameters:
    ///   - line: The number of the line, from 1.
    ///   - count: How many lines there are.
    /// - Returns: The id, such as `t-20261125-221530-4f9a1c07-03`.
    package func numbered(_ line: Int, of count: Int) -> TaskID {
        let (number, width) = (String(line), String(count).count)
        return Self.id("\(stem)-" + String(repeating: "0", count: max(0, width - number.count)) + number)
    }

    private static func id(_ text: String) -> TaskID {
        guard let id = TaskID(bytes: text.utf8) else { preconditionFailure("an id made here breaks the rule of ids") }
        return id
    }
}
