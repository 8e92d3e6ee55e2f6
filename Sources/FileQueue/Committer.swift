// SPDX-License-Identifier: Apache-2.0
// Makes changes durable, many at a time, away from the reactor.

import Synchronization
package import SystemKit

/// Changes that belong together, in phases; a phase is durable before the next one starts.
package struct Commit: Sendable {
    /// One change.
    package enum Step: Sendable {
        /// Writes a whole file: temporary name, where there is one in the staging directory, sync, rename, sync of the
        /// directory. The mode is less the umask.
        case write(
            FileName,
            [UInt8],
            Directory,
            staging: Directory? = nil,
            mode: UInt32 = 0o640,
            replacing: Bool
        )
        /// Syncs a file that is there already; one that is gone meanwhile is no error.
        case syncFile(FileName, Directory)
        /// Syncs the names in a directory.
        case syncDirectory(Directory)
    }

    /// The phases in order.
    package var phases: [[Step]]

    /// Makes a commit.
    /// - Parameter phases: The phases in order.
    package init(phases: [[Step]]) { self.phases = phases }
}

/// Runs commits, sharing the syncs of those that come together.
///
/// With `DURABILITY=relaxed` nothing is synced and nothing leaves the calling thread.
package final class Committer: Sendable {
    private struct Pending: Sendable {
        var commit: Commit
        var done: CheckedContinuation<SystemCallError?, Never>
    }
    private struct State {
        var waiting: [Pending] = []
        var isDraining = false
    }

    /// Whether changes are synced.
    package let durability: Durability
    private let reactor: Reactor
    private let state = Mutex(State())

    /// Makes a committer.
    /// - Parameters:
    ///   - durability: Whether changes are synced.
    ///   - reactor: The reactor whose blocking threads do the work.
    package init(durability: Durability, reactor: Reactor) {
        self.durability = durability
        self.reactor = reactor
    }

    /// Suspends until all phases are done.
    ///
    /// After an error nothing of the failed phase is relied upon: a file whose sync failed is removed, never synced
    /// again (a second fsync(2) of it may report success for data that is lost), and later phases are not begun.
    /// - Parameter commit: The changes.
    /// - Throws: The first error of the first phase that failed.
    package func commit(_ commit: Commit) async throws(SystemCallError) {
        if durability == .relaxed { return try Self.write(commit) }
        let error = await withCheckedContinuation { done in
            let isFirst = state.withLock { state in
                state.waiting.append(Pending(commit: commit, done: done))
                defer { state.isDraining = true }
                return !state.isDraining
            }
            if isFirst { reactor.runInBackground { self.drain() } }
        }
        if let error { throw error }
    }

    /// Without syncs there is nothing to share, and nothing to wait for.
    private static func write(_ commit: Commit) throws(SystemCallError) {
        for case .write(let name, let bytes, let directory, let staging, let mode, let replacing)
            in commit.phases.joined()
        {
            try AtomicFile.write(
                bytes,
                as: name,
                in: directory,
                staging: staging,
                mode: mode,
                replacing: replacing,
                durability: .relaxed
            )
        }
    }

    private func drain() {
        while true {
            let batch = state.withLock { state in
                defer { state.waiting.removeAll(keepingCapacity: true) }
                if state.waiting.isEmpty { state.isDraining = false }
                return state.waiting
            }
            if batch.isEmpty { return }
            let errors = Batch.run(batch.map(\.commit))
            for (pending, error) in zip(batch, errors) { pending.done.resume(returning: error) }
        }
    }
}

/// Commits that run together, phase by phase.
private struct Batch {
    private struct Write {
        var commit: Int
        var temporary: AtomicFile.Temporary
        var name: FileName
        var directory: Directory
        var replacing: Bool
    }

    var errors: [SystemCallError?]

    static func run(_ commits: [Commit]) -> [SystemCallError?] {
        var batch = Batch(errors: Array(repeating: nil, count: commits.count))
        for phase in 0..<(commits.map(\.phases.count).max() ?? 0) {
            var steps: [(commit: Int, step: Commit.Step)] = []
            for (index, commit) in commits.enumerated() where batch.errors[index] == nil && phase < commit.phases.count
            {
                for step in commit.phases[phase] { steps.append((index, step)) }
            }
            batch.run(steps)
        }
        return batch.errors
    }

    private mutating func run(_ steps: [(commit: Int, step: Commit.Step)]) {
        let writes = prepare(steps)
        beginSyncs(steps)
        var directories = writes.map { ($0.commit, $0.directory) }
        for (index, step) in steps where errors[index] == nil {
            switch step {
            case .write: break
            case .syncFile(let name, let directory):
                do throws(SystemCallError) { try syncFile(name, in: directory) } catch { errors[index] = error }
            case .syncDirectory(let directory):
                directories.append((index, directory))
            }
        }
        rename(writes)
        sync(directories)
    }

    /// Writes all files of a phase under temporary names, synced.
    private mutating func prepare(_ steps: [(commit: Int, step: Commit.Step)]) -> [Write] {
        var files: [AtomicFile.Content] = []
        var wanted: [(commit: Int, name: FileName, directory: Directory, replacing: Bool)] = []
        for (index, step) in steps {
            guard case .write(let name, let bytes, let directory, let staging, let mode, let replacing) = step else {
                continue
            }
            files.append(AtomicFile.Content(bytes: bytes, directory: directory, staging: staging, mode: mode))
            wanted.append((index, name, directory, replacing))
        }
        var writes: [Write] = []
        let results = AtomicFile.prepare(all: files, durability: .full)
        for (result, want) in zip(results, wanted) {
            switch result {
            case .success(let temporary):
                writes.append(
                    Write(
                        commit: want.commit,
                        temporary: temporary,
                        name: want.name,
                        directory: want.directory,
                        replacing: want.replacing
                    )
                )
            case .failure(let error): errors[want.commit] = errors[want.commit] ?? error
            }
        }
        return writes
    }

    private mutating func rename(_ writes: [Write]) {
        for write in writes {
            if errors[write.commit] == nil {
                do throws(SystemCallError) {
                    try write.temporary.rename(
                        to: write.directory,
                        as: write.name,
                        replacing: write.replacing
                    )
                } catch { errors[write.commit] = error }
            }
            if errors[write.commit] != nil { write.temporary.remove() }
        }
    }

    private mutating func sync(_ directories: [(commit: Int, directory: Directory)]) {
        var synced: [ObjectIdentifier: SystemCallError?] = [:]
        for (index, directory) in directories where errors[index] == nil {
            let key = ObjectIdentifier(directory)
            if synced[key] == nil {
                do throws(SystemCallError) {
                    try directory.sync()
                    synced[key] = .some(nil)
                } catch { synced[key] = error }
            }
            errors[index] = synced[key] ?? nil
        }
    }

    /// The device then has the data of all files at the same time.
    private func beginSyncs(_ steps: [(commit: Int, step: Commit.Step)]) {
        for case (let index, .syncFile(let name, let directory)) in steps where errors[index] == nil {
            // Only a hint; the sync itself says what is wrong.
            _ = try? directory.openFile(name).beginSync()
        }
    }

    private func syncFile(_ name: FileName, in directory: Directory) throws(SystemCallError) {
        do {
            try directory.openFile(name).sync()
        } catch  where error.errno == .noEntry {
            return
        }
    }
}
