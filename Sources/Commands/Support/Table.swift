// SPDX-License-Identifier: Apache-2.0
// Columns of text for people.

import SystemKit

/// A table whose last column gets the rest of the terminal's width.
struct Table {
    private let headings: [String]
    private var rows: [[String]] = []

    /// An empty table.
    /// - Parameter headings: One for each column.
    init(_ headings: [String]) { self.headings = headings }

    /// Adds a row; text from outside has to be `printable`.
    /// - Parameter cells: As many as there are headings.
    mutating func add(_ cells: [String]) { rows.append(cells) }

    /// Whether there are no rows.
    var isEmpty: Bool { rows.isEmpty }

    /// The table as lines.
    /// - Parameter width: The most characters of a line; `nil`: no limit, as in a pipe.
    /// - Returns: The heading and the rows.
    func text(width: Int? = SystemInfo.terminalWidth(1)) -> String {
        var widths = headings.map(\.count)
        for row in rows {
            for (index, cell) in row.enumerated() where index < widths.count {
                widths[index] = max(widths[index], cell.count)
            }
        }
        return ([headings] + rows).map { line($0, widths, width) }.joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int], _ width: Int?) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            if index == cells.count - 1 {
                line += cell
            } else {
                line += cell + String(repeating: " ", count: widths[index] - cell.count + 2)
            }
        }
        guard let width, width > 20, line.count > width else { return line }
        return line.prefix(width - 1) + "…"
    }
}
