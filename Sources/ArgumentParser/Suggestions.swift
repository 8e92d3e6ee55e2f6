// SPDX-License-Identifier: Apache-2.0
// The nearest known name to a mistyped one.

/// The known name that somebody most likely meant.
///
/// - Parameters:
///   - typed: What was typed, with dashes or without.
///   - names: The known names; of equally near ones the first counts.
/// - Returns: The name, or nil when none is near.
func nearest(to typed: String, among names: [String]) -> String? {
    // Names are short. This also bounds the work for arguments of any length.
    let wanted = Array(typed.unicodeScalars.drop { $0 == "-" }.prefix(65))
    guard (1...64).contains(wanted.count) else { return nil }
    var best: (name: String, distance: Int)?
    for name in names {
        let candidate = Array(name.unicodeScalars.drop { $0 == "-" })
        let distance = editDistance(wanted, candidate)
        let isNear = distance <= min(3, candidate.count / 2)
        guard isNear, distance < best?.distance ?? .max else { continue }
        best = (name, distance)
    }
    return best?.name
}

/// How many insertions, deletions, substitutions and swaps of neighbours lead from one word to another.
private func editDistance(_ from: [Unicode.Scalar], _ to: [Unicode.Scalar]) -> Int {
    guard !from.isEmpty, !to.isEmpty else { return max(from.count, to.count) }
    var beforePrevious: [Int] = []
    var previous = Array(0...to.count)
    for row in 1...from.count {
        var current = [row]
        for column in 1...to.count {
            let substitution = previous[column - 1] + (from[row - 1] == to[column - 1] ? 0 : 1)
            var distance = min(substitution, previous[column] + 1, current[column - 1] + 1)
            let isSwap = row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1]
            if isSwap { distance = min(distance, beforePrevious[column - 2] + 1) }
            current.append(distance)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[to.count]
}
