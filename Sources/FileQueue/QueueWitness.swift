// SPDX-License-Identifier: Apache-2.0
// Sees tasks come, be claimed, end and die, whoever's they are.

package import QueueModel
package import SystemKit

/// A directory of the queue in which tasks or workers show themselves.
package enum QueuePlace: Hashable, Sendable {
    /// A worker's inbox.
    case inbox(WorkerID)
    /// The claims of all workers.
    case claims
    /// A worker's results.
    case results(WorkerID)
    /// A worker's dead letters.
    case deadLetters(WorkerID)
    /// The heartbeats of all workers.
    case heartbeats

    /// Where the place comes in a task's life; what comes first is told first.
    package var order: Int {
        switch self {
        case .heartbeats: 0
        case .inbox: 1
        case .claims: 2
        case .deadLetters: 3
        case .results: 4
        }
    }
}

/// What one file of the queue says.
package enum QueueSighting: Sendable {
    /// A task that has not ended; `since` is when its file was complete.
    case task(TaskRecord, worker: WorkerID, since: Timestamp, isClaimed: Bool)
    /// A task's result; `mark` differs between two results of one task.
    case result(ResultRecord, file: String, mark: Int64)
    /// A dead letter.
    case deadLetter(DeadLetterRecord, file: String)
    /// A worker's health.
    case heartbeat(HeartbeatRecord)
}

/// Reads single files of the queue, one look at a time; changes nothing.
package struct QueueWitness: Sendable {
    /// The paths.
    package let locations: QueueLocations

    /// Makes a witness.
    /// - Parameter locations: The paths.
    package init(locations: QueueLocations) { self.locations = locations }

    /// The directories in which new places appear, to be watched.
    package var parents: [String] { [locations.tasks, locations.results, locations.deadLetters] }

    /// All places there are now, those first whose news come first in a task's life.
    /// - Returns: The places; the directories of workers that have none are left out.
    /// - Throws: When a directory cannot be listed.
    package func places() throws(SystemCallError) -> [QueuePlace] {
        let inboxes = try QueueLocations.workers(in: locations.tasks).map(QueuePlace.inbox)
        let letters = try QueueLocations.workers(in: locations.deadLetters).map(QueuePlace.deadLetters)
        let results = try QueueLocations.workers(in: locations.results).map(QueuePlace.results)
        return [.heartbeats] + inboxes + [.claims] + letters + results
    }

    /// The path of a place.
    /// - Parameter place: The place.
    /// - Returns: Its directory.
    package func path(of place: QueuePlace) -> String {
        switch place {
        case .inbox(let worker): locations.inbox(of: worker)
        case .claims: locations.claims
        case .results(let worker): "\(locations.results)/\(worker)"
        case .deadLetters(let worker): "\(locations.deadLetters)/\(worker)"
        case .heartbeats: locations.heartbeats
        }
    }

    /// Whether a file of that name can say something.
    /// - Parameters:
    ///   - name: The name.
    ///   - place: Where.
    /// - Returns: False for temporary files, directories of output, and what else is not looked at.
    package static func isNews(_ name: FileName, in place: QueuePlace) -> Bool {
        switch place {
        case .claims: if case .task = ClaimName(name) { true } else { false }
        default: name.hasSuffix(".json") && !name.hasPrefix(".")
        }
    }

    /// The task that a file is about, as its name says.
    /// - Parameters:
    ///   - name: The name.
    ///   - place: Where.
    /// - Returns: Nil when the name does not say, as that of a dead letter.
    package static func task(_ name: FileName, in place: QueuePlace) -> TaskID? {
        switch place {
        case .claims: if case .task(let id, _) = ClaimName(name) { id } else { nil }
        case .inbox, .results: TaskID(bytes: name.bytes.dropLast(5))
        case .deadLetters, .heartbeats: nil
        }
    }

    /// Looks at one file.
    /// - Parameters:
    ///   - name: The name.
    ///   - place: Where.
    ///   - directory: The open directory of the place.
    /// - Returns: Nil when the file is gone, or says nothing that can be read.
    /// - Throws: When it cannot be read, for a reason that may pass.
    package func look(
        at name: FileName,
        in place: QueuePlace,
        _ directory: Directory
    ) throws(SystemCallError) -> QueueSighting? {
        guard let (bytes, status) = try read(name, directory, limit: Self.limit(in: place)) else { return nil }
        // What cannot be read as what it should be is for others to judge.
        return try? Self.sighting(of: bytes, status, name, in: place, directory)
    }

    private static func sighting(
        of bytes: [UInt8],
        _ status: FileStatus,
        _ name: FileName,
        in place: QueuePlace,
        _ directory: Directory
    ) throws -> QueueSighting? {
        switch place {
        case .inbox(let worker):
            let task = try TaskRecord.decode(bytes, for: worker, limits: .widest)
            return .task(task, worker: worker, since: status.modified, isClaimed: false)
        case .claims:
            guard case .task(_, let worker) = ClaimName(name) else { return nil }
            let task = try TaskRecord.decode(bytes, for: worker, limits: .widest)
            return .task(task, worker: worker, since: status.modified, isClaimed: true)
        case .results:
            let result = try ResultRecord.decode(bytes)
            return .result(result, file: directory.pathOf(name), mark: status.modifiedNanoseconds)
        case .deadLetters(let worker):
            return .deadLetter(try DeadLetterRecord.decode(bytes, for: worker), file: directory.pathOf(name))
        case .heartbeats:
            return .heartbeat(try HeartbeatRecord.decode(bytes))
        }
    }

    /// Whether a task has its result.
    /// - Parameters:
    ///   - id: The task.
    ///   - results: The open directories of all results.
    /// - Returns: Whether a file of that name is in one of them.
    /// - Throws: When one cannot be searched.
    package static func hasResult(_ id: TaskID, in results: [Directory]) throws(SystemCallError) -> Bool {
        for directory in results where try directory.status(of: ResultShelf.fileName(of: id)) != nil { return true }
        return false
    }

    private static func limit(in place: QueuePlace) -> Int {
        switch place {
        case .inbox, .claims: ClaimState.maxTaskBytes
        case .results: ResultShelf.maxBytes
        case .deadLetters: 128 << 20
        case .heartbeats: 16 << 20
        }
    }

    private func read(
        _ name: FileName,
        _ directory: Directory,
        limit: Int
    ) throws(SystemCallError) -> ([UInt8], FileStatus)? {
        do throws(SystemCallError) {
            let file = try directory.openFile(name)
            let status = try file.status()
            return (try file.readAll(limit: limit), status)
        } catch {
            switch error.errno {
            // Gone, a link, something that is no file, or a file over every limit.
            case .noEntry, .loop, .invalidArgument, .fileTooLarge, .access: return nil
            default: throw error
            }
        }
    }
}

extension FileStatus {
    fileprivate var modified: Timestamp { Timestamp(millisecondsSince1970: modifiedNanoseconds / 1_000_000) }
}
