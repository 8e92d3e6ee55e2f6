// SPDX-License-Identifier: Apache-2.0
// The seeds of the tests with random input.

import TestSupport

extension SeededGenerator {
    /// Some fixed seeds, and one that differs from run to run; a failure names the seed of its case.
    static let seeds: [UInt64] = [1, 2, 3, SeededGenerator.fromEnvironment().seed]
}
