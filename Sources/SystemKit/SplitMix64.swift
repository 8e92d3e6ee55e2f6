// SPDX-License-Identifier: Apache-2.0
// Random numbers without a system call for each.

/// Numbers that follow from a seed, uniform over all 64-bit values and never the same twice within 2^64: SplitMix64, by
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
///
/// For names and delays, not for secrets: who knows one number knows the next.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Begins a sequence.
    /// - Parameter seed: What the numbers follow from.
    package init(seed: UInt64) { state = seed }

    /// The next number.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
