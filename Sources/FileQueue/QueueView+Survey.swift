// SPDX-License-Identifier: Apache-2.0
// Who is at work on a queue, and what was left behind, as its locks and files say.

package import QueueModel
package import SystemKit

/// A claimed task, and who holds it.
package struct SurveyedClaim: Sendable {
    /// Who works on a claim.
    package enum Holder: Sendable, Equatable {
        /// A daemon that lives.
        case daemon
        /// The supervisor of an attempt whose daemon is gone.
        case supervisor
        /// Nobody; the next daemon of the worker takes it up.
        case nobody
    }

    /// The task.
    package let id: TaskID
    /// Whose claim it is.
    package let worker: WorkerID
    /// What is on record about it; `nil` when a power cut took the record.
    package let state: ClaimState?
    /// Who works on it.
    package let holder: Holder

    /// Notes a claim.
    /// - Parameters:
    ///   - id: The task.
    ///   - worker: Whose claim it is.
    ///   - state: What is on record about it.
    ///   - holder: Who works on it.
    package init(id: TaskID, worker: WorkerID, state: ClaimState?, holder: Holder) {
        self.id = id
        self.worker = worker
        self.state = state
        self.holder = holder
    }
}

extension QueueView {
    /// All claims of the root, each with its holder.
    /// - Returns: The claims, by id.
    /// - Throws: When a file cannot be read.
    package func surveyClaims() throws(SystemCallError) -> [SurveyedClaim] {
        var tasks: [(id: TaskID, worker: WorkerID)] = []
        try claims.names { name in
            if case .task(let id, let worker) = ClaimName(name) { tasks.append((id, worker)) }
            return true
        }
        var found: [SurveyedClaim] = []
        for (id, worker) in tasks.sorted(by: { $0.id < $1.id }) {
            let state = try claim(of: id)
            let name = ClaimName.task(id, worker).fileName
            guard let holder = try holder(of: name, state) else { continue }
            found.append(SurveyedClaim(id: id, worker: worker, state: state, holder: holder))
        }
        return found
    }

    /// The workers for which a daemon lives on this machine, by the lock that it holds as long as it lives.
    /// - Returns: The workers.
    /// - Throws: When the claims cannot be listed.
    package func servedWorkers() throws(SystemCallError) -> Set<WorkerID> {
        var owners: [String] = []
        try claims.names { name in
            if case .owner(let owner) = ClaimName(name) { owners.append(owner) }
            return true
        }
        return Set(owners.filter(isAlive).compactMap(Self.worker))
    }

    /// Returns `nil` when the claim is gone by now.
    private func holder(of name: FileName, _ state: ClaimState?) throws(SystemCallError) -> SurveyedClaim.Holder? {
        if let state, isAlive(state.owner) { return .daemon }
        do throws(SystemCallError) {
            // Held for a moment, this lock can at most make a daemon that starts just now look a second time.
            return try claims.openFile(name).tryLockShared() ? .nobody : .supervisor
        } catch {
            if error.errno == .noEntry { return nil }
            throw error
        }
    }

    private func isAlive(_ owner: String) -> Bool {
        // Without its file a daemon is gone; when it cannot be looked at, nothing is known, and nothing is claimed.
        guard let isFree = try? claims.openFile(ClaimName.owner(owner).fileName).tryLockShared() else { return false }
        return !isFree
    }

    /// A daemon's name is `<worker>-<pid>-<start>-<n>`, and a worker's name may hold dashes.
    private static func worker(ofOwner owner: String) -> WorkerID? {
        let parts = owner.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count > 3, parts.suffix(3).allSatisfy({ UInt64($0) != nil }) else { return nil }
        return WorkerID(bytes: parts.dropLast(3).joined(separator: "-").utf8)
    }
}

// MARK: - Leftovers

extension QueueView {
    /// The temporary files that a crash left behind: so old that no writer is at work on them any more.
    /// - Parameter now: The wall-clock time.
    /// - Returns: Their paths.
    /// - Throws: When a directory cannot be read.
    package func leftovers(now: Timestamp) throws(SystemCallError) -> [String] {
        var paths = [locations.claims, locations.control, locations.heartbeats]
        for parent in [locations.tasks, locations.results, locations.deadLetters, locations.triggers] {
            paths += try names(in: parent).compactMap { WorkerID(bytes: $0.bytes) }.map { "\(parent)/\($0)" }
        }
        var found: [String] = []
        for path in paths {
            for name in try names(in: path) where name.hasPrefix(AtomicFile.temporaryPrefix) {
                guard let status = try Directory.open(path).status(of: name) else { continue }
                let age = now.millisecondsSince1970 - status.modifiedNanoseconds / 1_000_000
                if age > WorkerQueue.junkAgeMilliseconds { found.append("\(path)/\(name)") }
            }
        }
        return found
    }

    private func names(in path: String) throws(SystemCallError) -> [FileName] {
        var names: [FileName] = []
        do throws(SystemCallError) {
            try Directory.open(path).names { name in
                names.append(name)
                return true
            }
        } catch  where error.errno == .noEntry || error.errno == .notDirectory {
            return []
        }
        return names
    }
}
