// SPDX-License-Identifier: Apache-2.0
// The version of this program.

/// The version of this program, as `--version`, heartbeats and metrics say it.
enum Version {
    /// Semantic version; the change log says what it holds.
    static let current = "0.1.0"
}
