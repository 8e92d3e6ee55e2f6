// SPDX-License-Identifier: Apache-2.0
// Random numbers that a failing test can have again.

import SystemKit

/// Random numbers that follow from a seed: SplitMix64.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// What the numbers follow from.
    package let seed: UInt64
    private var numbers: SplitMix64

    /// Creates a generator.
    ///
    /// - Parameter seed: What the numbers follow from.
    package init(seed: UInt64) {
        self.seed = seed
        numbers = SplitMix64(seed: seed)
    }

    /// Creates a generator with the seed in `VIGIL_TEST_SEED`, or else with a new one; a test prints it when it fails.
    package static func fromEnvironment() -> SeededGenerator {
        let chosen = SystemInfo.environment["VIGIL_TEST_SEED"].flatMap { UInt64($0) }
        return SeededGenerator(seed: chosen ?? UInt64(bitPattern: WallClock.system.nowMilliseconds))
    }

    /// Says the seed on standard error, for a test whose failure is a trap, after which nothing can be reported.
    ///
    /// - Parameter test: The test's name.
    package func announce(_ test: String = #function) {
        // Without standard error there is nobody to tell.
        _ = try? writeStandardError(Array("\(test): seed \(seed)\n".utf8))
    }

    /// The next number, uniform over all 64-bit values.
    package mutating func next() -> UInt64 { numbers.next() }
}
