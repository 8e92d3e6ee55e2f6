// SPDX-License-Identifier: Apache-2.0
// The dead letters that a person wants to see first.

package import QueueModel
package import SystemKit

/// How many dead letters there are, and the latest of them.
package struct RecentDeadLetters: Sendable {
    /// The number of each worker's dead letters; workers without any are left out.
    package let counts: [WorkerID: Int]
    /// The latest ones, newest first.
    package let letters: [DeadLetter]
}

extension DeadLetterBox {
    /// Counts all dead letters, and reads the latest ones only, of which there may be very many.
    /// - Parameter limit: The most that are read.
    /// - Returns: The counts and the latest ones; files that are no dead letters are counted and not shown.
    /// - Throws: When a directory cannot be read.
    package func recent(_ limit: Int) throws(SystemCallError) -> RecentDeadLetters {
        var counts: [WorkerID: Int] = [:]
        var files: [(worker: WorkerID, file: FileName, modified: Int64)] = []
        for name in try names(in: locations.deadLetters) {
            guard let worker = WorkerID(bytes: name.bytes) else { continue }
            let found = try names(in: directory(of: worker)).filter(Self.isLetter)
            if found.isEmpty { continue }
            let directory = try Directory.open(self.directory(of: worker))
            for file in found {
                guard let status = try directory.status(of: file) else { continue }
                counts[worker, default: 0] += 1
                files.append((worker, file, status.modifiedNanoseconds))
            }
        }
        files.sort { ($0.modified, $0.file) > ($1.modified, $1.file) }
        let letters = files.prefix(limit).compactMap { read($0.file, of: $0.worker) }
        return RecentDeadLetters(counts: counts, letters: letters.sorted { $0.record.timestamp > $1.record.timestamp })
    }
}
