// SPDX-License-Identifier: Apache-2.0
// One worker's part of the queue on disk.

package import QueueModel
package import SystemKit

/// The directories of one worker, and every step a task takes through them.
///
/// Nothing else touches the queue directories. Each step, and what a crash in it leaves behind, is described in
/// docs/queue-protocol.md. Calls are short and made on the reactor; what syncs is asynchronous.
package final class WorkerQueue {
    /// What may be in a task file.
    package let limits: TaskLimits
    /// The worker.
    package let worker: WorkerID
    /// The paths.
    package let locations: QueueLocations
    /// The directory that producers write to.
    package private(set) var inbox: Directory
    /// The claims of all workers.
    package let claims: Directory
    /// This worker's results.
    package var results: Directory { resultPlace.directory }
    var resultPlace: StagedDirectory
    /// The results of all workers.
    package let shelf: ResultShelf
    /// This worker's dead letters.
    package internal(set) var deadLetters: Directory
    /// Makes changes durable.
    package let committer: Committer
    /// What commands ask of this worker and others.
    package private(set) var control: ControlRequests
    var receipts: Directory { receiptPlace.directory }
    var receiptPlace: StagedDirectory
    var heartbeats: Directory
    /// What the last look has opened; most tasks are claimed right after it.
    var recent = HeldFile()
    /// What ``readAhead(_:)`` has opened.
    var ahead = HeldFile()
    let spares: SpareRecords
    private let ownership: Ownership
    /// How this daemon signs its records.
    var owner: String { ownership.name }

    /// Opens the queue of a worker, making directories that are missing, and takes the owner's lock.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - locations: The paths.
    ///   - limits: What may be in a task file.
    ///   - committer: Makes changes durable.
    /// - Throws: When a directory cannot be made or opened, or when files cannot be renamed between two of them.
    package init(
        worker: WorkerID,
        locations: QueueLocations,
        limits: TaskLimits,
        committer: Committer
    ) throws(SystemCallError) {
        let name = "/" + worker.string
        let claims = try Directory.create(locations.claims, mode: 0o700)
        let inbox = try Directory.create(locations.inbox(of: worker))
        let deadLetters = try Directory.create(locations.deadLetters + name)
        for other in [inbox, deadLetters] where other.identity.device != claims.identity.device {
            // rename(2) does not cross file systems, and a copy would not be atomic.
            throw SystemCallError(
                call: "rename between \(claims.path) and",
                errno: .crossDevice,
                path: other.path
            )
        }
        let shelf = try ResultShelf(path: locations.results)
        let results = try StagedDirectory(path: locations.results + name)
        let receipts = try StagedDirectory(path: locations.triggers + name)
        let heartbeats = try Directory.create(locations.heartbeats)
        control = try ControlRequests(locations: locations, durability: committer.durability)
        let ownership = try Ownership(in: claims, for: worker)
        self.worker = worker
        self.locations = locations
        self.limits = limits
        self.committer = committer
        self.claims = claims
        self.inbox = inbox
        self.deadLetters = deadLetters
        self.shelf = shelf
        resultPlace = results
        receiptPlace = receipts
        self.heartbeats = heartbeats
        self.ownership = ownership
        spares = SpareRecords(in: claims)
    }

    /// Opens the inbox anew when its path names another directory by now.
    /// - Returns: Whether it did.
    /// - Throws: When the path names no directory.
    package func reopenInbox() throws(SystemCallError) -> Bool {
        if inbox.isOnPath() { return false }
        let path = locations.inbox(of: worker)
        // A link put in its place is not followed.
        let fresh = try Directory.open(locations.tasks).subdirectory(FileName(worker.string))
        guard fresh.identity.device == claims.identity.device else {
            throw SystemCallError(call: "rename to \(claims.path)", errno: .crossDevice, path: path)
        }
        inbox = fresh
        recent.drop()
        ahead.drop()
        return true
    }

    /// Opens the directory of requests anew when its path names another one by now, or none.
    /// - Returns: Whether it did.
    /// - Throws: When it cannot be made or opened.
    package func reopenControl() throws(SystemCallError) -> Bool {
        if control.directory.isOnPath() { return false }
        control = try ControlRequests(locations: locations, durability: committer.durability)
        return true
    }

    /// A file that a supervisor may write an exit record into.
    /// - Returns: Its name in ``claims``; `nil` when there is none to spare.
    package func takeSpare() -> FileName? { spares.take() }

    /// Takes back what no supervisor has got.
    /// - Parameter name: What ``takeSpare()`` gave; `nil` for nothing.
    package func giveBack(spare name: FileName?) { if let name { spares.giveBack(name) } }

    /// What is on record about a claim, whoever holds it.
    /// - Parameter id: The claimed task.
    /// - Returns: `nil` when it is not claimed, or a power cut took the record.
    /// - Throws: When the record cannot be read.
    package func recordedState(of id: TaskID) throws(SystemCallError) -> ClaimState? {
        try claims.claimState(of: id)
    }

    /// Asks for a task of this worker to be cancelled, as a command does; durable on return.
    /// - Parameter request: The request.
    /// - Throws: When it cannot be made durable.
    package func ask(_ request: CancelRequest) async throws(SystemCallError) {
        let name = ControlName.cancel(request.taskID).fileName
        let step = Commit.Step.write(name, request.encoded(), control.directory, mode: 0o600, replacing: true)
        try await committer.commit(Commit(phases: [[step]]))
    }

    /// Writes this worker's heartbeat.
    ///
    /// It is not synced: a heartbeat from before a power cut says nothing about after it.
    /// - Parameter heartbeat: What to write.
    /// - Throws: When it cannot be written.
    package func write(_ heartbeat: HeartbeatRecord) throws(SystemCallError) {
        try reopenHeartbeats()
        try AtomicFile.write(
            heartbeat.encoded(),
            as: FileName(worker.string, ".json"),
            in: heartbeats,
            replacing: true,
            durability: .relaxed
        )
    }

    /// What is on record about this worker's circuit breaker.
    /// - Returns: The bytes that were written last; `nil` when there are none.
    /// - Throws: When they cannot be read.
    package func readCircuit() throws(SystemCallError) -> [UInt8]? { try claims.read(circuitName, limit: 1 << 16) }

    /// Records the state of this worker's circuit breaker.
    /// - Parameter bytes: The record.
    /// - Throws: When it cannot be written.
    package func writeCircuit(_ bytes: [UInt8]) throws(SystemCallError) {
        try writeRecord(bytes, as: circuitName)
    }

    /// What is on record about usage limits and the day's money.
    /// - Returns: The bytes that were written last; `nil` when there are none.
    /// - Throws: When they cannot be read.
    package func readLimits() throws(SystemCallError) -> [UInt8]? { try claims.read(limitsName, limit: 1 << 16) }

    /// Records usage limits and the day's money.
    /// - Parameter bytes: The record.
    /// - Throws: When it cannot be written.
    package func writeLimits(_ bytes: [UInt8]) throws(SystemCallError) {
        try writeRecord(bytes, as: limitsName)
    }

    private func writeRecord(_ bytes: [UInt8], as name: FileName) throws(SystemCallError) {
        try AtomicFile.write(
            bytes,
            as: name,
            in: claims,
            mode: 0o600,
            replacing: true,
            durability: committer.durability
        )
    }

    private var limitsName: FileName { FileName("~limits-" + worker.string) }
    private var circuitName: FileName { FileName("~circuit-" + worker.string) }

    /// Gives up the owner's lock at a clean end; claims that are still held go with their descriptors.
    package func close() {
        spares.removeAll()
        resultPlace.tidy()
        receiptPlace.tidy()
        // Left behind it does no harm: nobody holds its lock any more.
        _ = try? claims.remove(ClaimName.owner(owner).fileName)
    }

    /// Whether the daemon that wrote a record still lives; by its lock, never by its age.
    func isAlive(_ owner: String) -> Bool {
        if owner == self.owner { return true }
        do {
            return try !claims.openFile(ClaimName.owner(owner).fileName).tryLockShared()
        } catch {
            // Without its lock file a daemon is gone; any other trouble must not get a live one's work repeated.
            return error.errno != .noEntry
        }
    }
}

/// A lock file of our own, by which others can tell whether this daemon lives.
private struct Ownership: ~Copyable {
    let name: String
    private let lock: OwnedDescriptor

    init(in claims: Directory, for worker: WorkerID) throws(SystemCallError) {
        let process = ProcessIdentity.current
        var number = 0
        while true {
            let name = "\(worker.string)-\(process.pid)-\(process.startTicks)-\(number)"
            number += 1
            let lock: OwnedDescriptor
            do throws(SystemCallError) {
                lock = try claims.createFile(ClaimName.owner(name).fileName, mode: 0o600)
            } catch {
                if error.errno == .exists && number < 1_000 { continue }
                throw error
            }
            guard try lock.tryLockExclusive() else { continue }
            self.name = name
            self.lock = lock
            return
        }
    }
}
