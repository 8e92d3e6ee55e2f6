// SPDX-License-Identifier: Apache-2.0
// The part of an orchestrator that may block: reads files, and tells the store.

import FileQueue
import QueueModel
import SystemKit

/// One file that is to be looked at.
struct Look: Hashable, Sendable {
    var place: QueuePlace
    var name: FileName
}

/// What a scan of one directory found.
struct ScanFinding: Sendable {
    /// The files that the store does not know as they are.
    var news: [FileName] = []
    /// The last of them when there are more; another scan goes on behind it.
    var last: FileName?
}

/// What a batch of looks came to.
struct IntakeOutcome: Sendable {
    /// How many events followed.
    var told = 0
    /// Looks whose file says nothing that the store could know it by, with the change of the file.
    var mute: [Look: Int64] = [:]
    /// When something is due without further news.
    var nextDue: Timestamp?
}

/// Reads files of the queue and brings the store up to date; every call blocks.
struct Clerk: Sendable {
    let store: Store
    let witness: QueueWitness

    /// Looks at files and applies what they say, all in one transaction.
    /// - Parameters:
    ///   - looks: The files, in the order in which they changed.
    ///   - directories: The open directories of all places.
    ///   - now: The present time.
    ///   - patience: How long things may take.
    /// - Returns: What it came to.
    /// - Throws: When a file cannot be read or the store cannot be written; then nothing has changed.
    func take(
        _ looks: [Look],
        _ directories: [QueuePlace: Directory],
        at now: Timestamp,
        _ patience: Patience
    ) throws -> IntakeOutcome {
        var outcome = IntakeOutcome()
        var facts: [Fact] = []
        let results = directories.compactMap { place, directory in
            if case .results = place { directory } else { nil }
        }
        for look in looks {
            guard let directory = directories[look.place] else { continue }
            let sighting = try witness.look(at: look.name, in: look.place, directory)
            if case .result(let result, _, _) = sighting, let letter = try deadLetterBefore(result, directories) {
                facts.append(letter)
            }
            var fact: Fact?
            if let sighting { fact = try self.fact(of: sighting, look, results) }
            if let fact { facts.append(fact) }
            if fact == nil || !isNamed(look, fact), let status = try directory.status(of: look.name) {
                outcome.mute[look] = status.modifiedNanoseconds
            }
        }
        outcome.told = try store.apply(facts, at: now, patience)
        outcome.nextDue = try store.nextDue(patience)
        return outcome
    }

    /// The dead letter that was written before a result, which may not have been looked at yet.
    private func deadLetterBefore(
        _ result: ResultRecord,
        _ directories: [QueuePlace: Directory]
    ) throws -> Fact? {
        let place = QueuePlace.deadLetters(result.worker)
        guard result.status == .failed, let directory = directories[place] else { return nil }
        let name = DeadLetterBox.fileName(of: result.taskID, at: result.timestamp)
        guard try directory.status(of: name) != nil, !(try store.knowsDeadLetter(name.description, of: result.worker)),
            let sighting = try witness.look(at: name, in: place, directory)
        else { return nil }
        return try fact(of: sighting, Look(place: place, name: name), [])
    }

    private func fact(of sighting: QueueSighting, _ look: Look, _ results: [Directory]) throws -> Fact? {
        switch sighting {
        case .task(let task, let worker, let since, let isClaimed):
            let hasResult = try QueueWitness.hasResult(task.id, in: results)
            return .submitted(
                SubmittedTask(task, worker: worker, submittedAt: since, isClaimed: isClaimed, hasResult: hasResult)
            )
        case .result(let result, let file, let mark):
            // A result under another task's name is not the answer to either.
            guard ResultShelf.fileName(of: result.taskID) == look.name else { return nil }
            return .ended(EndedTask(result, file: file, mark: mark))
        case .deadLetter(let letter, let file):
            return .deadLettered(FoundDeadLetter(letter, file: file, name: look.name.description))
        case .heartbeat: return nil
        }
    }

    /// Whether a scan will find that the store knows the file.
    private func isNamed(_ look: Look, _ fact: Fact?) -> Bool {
        switch fact {
        case .submitted(let task): QueueWitness.task(look.name, in: look.place) == task.id && !task.hasResult
        case .ended, .deadLettered: true
        case nil: false
        }
    }

    /// Lists a directory, and says which files the store does not know as they are.
    /// - Parameters:
    ///   - place: Which.
    ///   - directory: The open directory.
    ///   - last: Only files behind this one, in the order of their names.
    ///   - mute: Files that say nothing, with the change of each.
    ///   - now: The present time.
    ///   - limit: The most files; a scan that finds more is to be repeated when these are dealt with.
    /// - Returns: The files; none when the directory has not changed since a scan that found none.
    /// - Throws: When the directory cannot be read or the store cannot be used.
    func scan(
        _ place: QueuePlace,
        _ directory: Directory,
        behind last: FileName?,
        mute: [Look: Int64],
        at now: Timestamp,
        limit: Int
    ) throws -> ScanFinding {
        let changed = try directory.status().modifiedNanoseconds
        if try store.scannedChange(of: directory.path) == changed { return ScanFinding() }
        var names: [FileName] = []
        try directory.names { name in
            if QueueWitness.isNews(name, in: place), last.map({ $0 < name }) ?? true { names.append(name) }
            return true
        }
        var finding = ScanFinding()
        for name in names.sorted() {
            guard let status = try directory.status(of: name) else { continue }
            if mute[Look(place: place, name: name)] == status.modifiedNanoseconds { continue }
            if try isKnown(name, in: place, status) { continue }
            guard finding.news.count < limit else {
                finding.last = finding.news.last
                break
            }
            finding.news.append(name)
        }
        // A change within the clock's grain after this scan would look the same, so that a young time says nothing.
        let age = now.millisecondsSince1970 - changed / 1_000_000
        if last == nil, finding.news.isEmpty, age > 2_000 { try store.noteScan(of: directory.path, change: changed) }
        return finding
    }

    private func isKnown(_ name: FileName, in place: QueuePlace, _ status: FileStatus) throws -> Bool {
        switch place {
        case .deadLetters(let worker): return try store.knowsDeadLetter(name.description, of: worker)
        case .heartbeats: return true
        case .inbox, .claims, .results:
            guard let id = QueueWitness.task(name, in: place), let entry = try store.task(id) else { return false }
            switch place {
            case .results: return entry.resultMark == status.modifiedNanoseconds
            case .claims: return entry.state == .running
            default: return !entry.state.isFinal
            }
        }
    }
}
