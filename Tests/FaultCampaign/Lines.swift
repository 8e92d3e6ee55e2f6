// SPDX-License-Identifier: Apache-2.0
// Logs of the campaign's own, and its clock.

import Glibc
import SystemKit

/// Appends to a log with one write, so that a kill leaves at most the last line torn.
func append(_ bytes: [UInt8], to name: String, in directory: String) throws {
    let file = try Directory.open(directory).createFile(FileName(name), mode: 0o600, exclusive: false, append: true)
    try file.write(all: bytes)
}

/// The names in a directory.
func listing(_ directory: Directory) throws -> [FileName] {
    var found: [FileName] = []
    try directory.names { name in
        found.append(name)
        return true
    }
    return found
}

/// The names in a directory; none when it is missing.
func listing(_ path: String) throws -> [String] {
    guard let directory = try existing(path) else { return [] }
    return try listing(directory).map(\.description)
}

private func existing(_ path: String) throws -> Directory? {
    do { return try Directory.open(path) } catch  where error.errno == .noEntry { return nil }
}

/// The clock that the agents' lines have: CLOCK_MONOTONIC.
func monotonicNanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}
