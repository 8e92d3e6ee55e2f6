// SPDX-License-Identifier: Apache-2.0
// Sizes in bytes as people write them: 512k, 10m, 1MiB.

/// Reads and writes sizes like `512k`, `10m`, `1MiB`; every unit is a power of 1024.
package enum SizeText {
    private static let units = ["", "k", "m", "g", "t"]

    /// Reads a size.
    ///
    /// - Parameter text: a whole number, then nothing or `b`, or one of `k`, `m`, `g`, `t` alone or followed by `b` or
    ///   `ib`, in any case.
    /// - Returns: the number of bytes, or nil for anything else or for more than 64 bits hold.
    package static func parse(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let suffix = bytes.dropFirst(digits.count).map { $0 | 0x20 }
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        for (power, unit) in units.enumerated() {
            let spellings = unit.isEmpty ? ["", "b"] : [unit, unit + "b", unit + "ib"]
            guard spellings.contains(where: { suffix.elementsEqual($0.utf8) }) else { continue }
            let (size, overflow) = number.multipliedReportingOverflow(by: 1 << (10 * power))
            return overflow ? nil : size
        }
        return nil
    }

    /// Writes a size exactly, in the largest unit that divides it, so that ``parse(_:)`` reads it back.
    package static func format(_ size: Int) -> String {
        var (rest, power) = (size, 0)
        while rest != 0, rest % 1024 == 0, power < units.count - 1 {
            rest /= 1024
            power += 1
        }
        return power == 0 ? "\(size)" : "\(rest)\(units[power].uppercased())iB"
    }
}
