// SPDX-License-Identifier: Apache-2.0
// Which directories tell of changes, for those who watch a whole queue.

package import QueueModel
package import SystemKit

/// A directory of a queue, by what its changes mean.
package struct WatchedPlace: Sendable {
    /// What a change in a directory means.
    package enum Kind: Sendable, Hashable, CaseIterable {
        /// There may be a new worker.
        case root
        /// A task was taken, or went on.
        case claims
        /// A task was submitted, or taken.
        case inbox
        /// A worker has written how it is.
        case heartbeats
        /// A task has its result.
        case results
        /// A task became a dead letter.
        case deadLetters
    }

    /// What a change in it means.
    package let kind: Kind
    /// The open directory.
    package let directory: Directory
}

extension QueueView {
    /// The directories that are there by now.
    /// - Parameter kinds: Of these kinds.
    /// - Returns: The open directories.
    /// - Throws: When one cannot be opened.
    package func places(_ kinds: Set<WatchedPlace.Kind>) throws(SystemCallError) -> [WatchedPlace] {
        var found: [WatchedPlace] = []
        func add(_ path: String, _ kind: WatchedPlace.Kind) throws(SystemCallError) {
            guard kinds.contains(kind), let directory = try opened(path) else { return }
            found.append(WatchedPlace(kind: kind, directory: directory))
        }
        try add(locations.claims, .claims)
        try add(locations.heartbeats, .heartbeats)
        let parents: [(String, WatchedPlace.Kind)] = [
            (locations.tasks, .inbox), (locations.results, .results), (locations.deadLetters, .deadLetters),
        ]
        for (path, kind) in parents where kinds.contains(kind) {
            try add(path, .root)
            for worker in try workers() { try add(path + "/" + worker.string, kind) }
        }
        return found
    }

    private func opened(_ path: String) throws(SystemCallError) -> Directory? {
        do throws(SystemCallError) {
            return try Directory.open(path)
        } catch {
            guard [.noEntry, .notDirectory].contains(error.errno) else { throw error }
            return nil
        }
    }

    /// The tasks that a name among results or dead letters may be about.
    /// - Parameter name: `<id>.json` or `<id>_<unix>.json`.
    /// - Returns: Both readings, since an id may look like a dead letter's name; none for other names.
    package static func endedIDs(named name: FileName) -> [TaskID] {
        guard name.hasSuffix(".json"), !name.hasPrefix(".") else { return [] }
        let stem = name.bytes.dropLast(5)
        let cut = stem.lastIndex(of: UInt8(ascii: "_")).map { stem[..<$0] }
        return [stem, cut].compactMap { $0 }.compactMap { TaskID(bytes: $0) }
    }
}
