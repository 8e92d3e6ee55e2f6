// SPDX-License-Identifier: Apache-2.0
// The reader who opens every result and dead letter as soon as there is one.

import FaultChecker
import QueueModel
import Synchronization
import SystemKit
import TestSupport

/// Reads every result and dead letter of one worker as soon as it changes, and keeps a log.
final class Observer: Sendable {
    private let end: Mutex<OwnedDescriptor?>
    private let finished: OwnedDescriptor

    /// Starts to read, on a thread of its own.
    init(directory: String, worker: WorkerID) throws {
        let stop = try SocketPair.make()
        let done = try SocketPair.make()
        end = Mutex(try stop.first.duplicated())
        finished = try done.first.duplicated()
        let stopped = try stop.second.duplicated().release()
        let signal = try done.second.duplicated().release()
        let reader = Reader(directory: directory, worker: worker, stop: stopped, done: signal)
        try startThread { reader.run() }
    }

    /// Reads what is there a last time, and ends.
    func stop() async throws {
        end.withLock { $0 = nil }
        try await blocking { [self] in
            _ = try waitForInput(on: [finished.rawValue], until: .now + Patience.limit)
        }
    }
}

/// The thread of an observer.
private struct Reader: Sendable {
    let directory: String
    let worker: WorkerID
    let stop: Int32
    let done: Int32

    func run() {
        // Closed at the end, whatever happens, so that nobody waits for ever.
        let stop = OwnedDescriptor(adopting: stop)
        let done = OwnedDescriptor(adopting: done)
        var known: [String: FileStatus] = [:]
        do {
            let changes = try FileChanges()
            var isLast = false
            while true {
                for shelf in ["results", "dlq"] { changes.watch("\(directory)/root/\(shelf)/\(worker)") }
                try look(&known)
                if isLast { break }
                _ = try waitForInput(on: [changes.descriptor, stop.rawValue], until: .now + .seconds(86_400))
                changes.drain()
                isLast = try waitForInput(on: [stop.rawValue], until: .now)
            }
        } catch {
            // A line that is none, which the checker does not accept; without room for it, the log says nothing.
            try? note("observer: \(error)\n")
        }
        _ = consume done
    }

    private func look(_ known: inout [String: FileStatus]) throws {
        for (shelf, path) in [(Observation.Shelf.results, "results"), (.letters, "dlq")] {
            let place = "\(directory)/root/\(path)/\(worker)"
            // Not there yet.
            guard let opened = try? Directory.open(place) else { continue }
            for name in try listing(opened) where name.hasSuffix(".json") && !name.hasPrefix(".") {
                guard let status = try opened.status(of: name), known["\(path)/\(name)"] != status else { continue }
                known["\(path)/\(name)"] = status
                try read(name, opened, shelf)
            }
        }
    }

    private func read(_ name: FileName, _ place: Directory, _ shelf: Observation.Shelf) throws {
        guard let bytes = try place.read(name, limit: 1 << 26) else { return }
        let isWhole = isRecord(bytes, shelf)
        let stem = String(name.description.dropLast(5))
        let isAlive = shelf == .results && isLocked(stem)
        let observation = Observation(
            shelf,
            stem,
            digest: Digest.sha256(bytes),
            isWhole: isWhole,
            isTaskAlive: isAlive,
            at: monotonicNanoseconds()
        )
        try note(String(decoding: observation.line, as: UTF8.self))
    }

    private func isRecord(_ bytes: [UInt8], _ shelf: Observation.Shelf) -> Bool {
        do throws(RecordError) {
            switch shelf {
            case .results: _ = try ResultRecord.decode(bytes)
            case .letters: _ = try DeadLetterRecord.decode(bytes, for: worker)
            }
            return true
        } catch { return false }
    }

    private func isLocked(_ task: String) -> Bool {
        // A task that never ran has no lock.
        guard let lock = try? Directory.open("\(directory)/live").openFile(FileName(task)) else { return false }
        // An error says nothing about a process.
        return (try? !lock.tryLockShared()) ?? false
    }

    private func note(_ text: String) throws {
        try append(Array(text.utf8), to: "observer.log", in: directory)
    }
}
