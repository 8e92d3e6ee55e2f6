// SPDX-License-Identifier: Apache-2.0
// Columns of text for people.

/// A table whose last column gets the rest of the terminal's width.
struct Table {
    private let headings: [String]
    private var rows: [[String]] = []

    /// An empty table.
    /// - Parameter headings: One for each column; none for a table without a heading.
    init(_ headings: [String]) { self.headings = headings }

    /// Adds a row; text from outside has to be `printable`.
    /// - Parameter cells: As many as there are headings.
    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// Whether there are no rows.
    var isEmpty: Bool { rows.isEmpty }

    /// The table as lines.
    /// - Parameter width: The most characters of a line; `nil`: no limit, as in a pipe.
    /// - Returns: The heading and the rows.
    func text(width: Int? = Output.width) -> String {
        let lines = (headings.isEmpty ? [] : [headings]) + rows
        var widths = Array(repeating: 0, count: lines.map(\.count).max() ?? 0)
        for row in lines {
            for (index, cell) in row.enumerated() {
                widths[index] = max(widths[index], cell.visibleCount)
            }
        }
        return lines.map { line($0, widths, width) }.joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int], _ width: Int?) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            if index == cells.count - 1 {
                line += cell
            } else {
                line += cell + String(repeating: " ", count: widths[index] - cell.visibleCount + 2)
            }
        }
        guard let width, width > 20, line.visibleCount > width else { return line }
        return line.visiblePrefix(width - 1) + "…"
    }
}

extension String {
    /// The number of characters that a terminal shows: all but the sequences that set a colour.
    fileprivate var visibleCount: Int {
        utf8.contains(0x1B) ? visiblePrefix(.max).count : count
    }

    /// The first characters that a terminal shows; without any colour when something is cut off.
    fileprivate func visiblePrefix(_ length: Int) -> String {
        var text = ""
        var isSequence = false
        for character in self where text.count < length {
            if character == "\u{1B}" {
                isSequence = true
            } else if !isSequence {
                text.append(character)
            } else if character == "m" {
                isSequence = false
            }
        }
        return text
    }
}
