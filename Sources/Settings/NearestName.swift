// SPDX-License-Identifier: Apache-2.0
// Finds what a person may have meant.

/// Finds the known name that is nearest to a mistyped one.
package enum NearestName {
    /// The names that somebody may have meant, the likeliest first: those that go on where the text ends, then those
    /// that differ in a few letters.
    ///
    /// - Parameters:
    ///   - text: what was typed.
    ///   - names: the known names.
    ///   - limit: the most names that are given.
    /// - Returns: the names; none when none is near.
    package static func several(_ text: String, in names: [String], limit: Int) -> [String] {
        let wanted = Array(text.lowercased().unicodeScalars.prefix(64))
        let most = max(2, wanted.count / 3)
        var found: [(name: String, distance: Int)] = []
        for name in names {
            let scalars = Array(name.lowercased().unicodeScalars)
            if scalars.count > wanted.count, scalars.starts(with: wanted) {
                found.append((name, 0))
            } else if abs(scalars.count - wanted.count) <= most {
                let distance = editDistance(wanted, scalars)
                if distance <= most { found.append((name, distance)) }
            }
        }
        found.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return found.prefix(limit).map(\.name)
    }

    /// The nearest of `names`, when it is near enough to be meant.
    static func of(_ text: String, in names: some Sequence<String>) -> String? {
        let wanted = Array(text.lowercased().unicodeScalars.prefix(64))
        let limit = max(2, wanted.count / 3)
        var best: (name: String, distance: Int)?
        for name in names {
            let distance = editDistance(wanted, Array(name.lowercased().unicodeScalars))
            if distance <= limit, distance < best?.distance ?? .max { best = (name, distance) }
        }
        return best?.name
    }

    /// How many insertions, deletions, replacements and swaps of neighbours lead from one text to the other.
    private static func editDistance(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...second.count)
        for (row, left) in first.enumerated() {
            var current = [row + 1]
            for (column, right) in second.enumerated() {
                var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (left == right ? 0 : 1))
                if row > 0, column > 0, left == second[column - 1], first[row - 1] == right {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[second.count]
    }
}
