// SPDX-License-Identifier: Apache-2.0
// Directories that somebody has cleared away or replaced while the worker has them open.

import QueueModel
import SystemKit

// A result in a directory that was moved away is a result that nobody finds. So each directory is looked at before
// something is written to it, made where it is missing, and opened anew where its path names another by now.
extension WorkerQueue {
    /// Whether results and output can be written without a look at what is left: 64 MiB, and a thousand files.
    package var hasRoomToSpare: Bool {
        // Where nothing is known there may be none.
        guard let room = try? results.room() else { return false }
        return room.bytes >= 64 << 20 && room.files >= 1_000
    }

    func reopenResults() throws(SystemCallError) {
        try shelf.reopen()
        try reopenOwnResults()
    }

    /// As above, for what goes into this worker's directory alone.
    func reopenOwnResults() throws(SystemCallError) {
        if results.isOnPath() { return }
        resultPlace = try StagedDirectory(path: locations.results + "/" + worker.string)
    }

    func reopenDeadLetters() throws(SystemCallError) {
        if deadLetters.isOnPath() { return }
        let fresh = try Directory.create(locations.deadLetters + "/" + worker.string)
        guard fresh.identity.device == claims.identity.device else {
            throw SystemCallError(call: "rename from \(claims.path) to", errno: .crossDevice, path: fresh.path)
        }
        deadLetters = fresh
    }

    func reopenReceipts() throws(SystemCallError) {
        if receipts.isOnPath() { return }
        receiptPlace = try StagedDirectory(path: locations.triggers + "/" + worker.string)
    }

    func reopenHeartbeats() throws(SystemCallError) {
        if heartbeats.isOnPath() { return }
        heartbeats = try Directory.create(locations.heartbeats)
    }
}
