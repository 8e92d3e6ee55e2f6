// SPDX-License-Identifier: Apache-2.0
// Waits for the ends of many tasks at once.

import FileQueue
import QueueModel
import Synchronization
import SystemKit

/// Waits until tasks have ended, by the directories in which their ends appear.
///
/// An event names the task that it is about, so that a look costs the same however many are waited for. Tasks that
/// nothing knows yet are waited for as well.
final class TaskEndings {
    /// How the waiting ended.
    enum Outcome: Sendable {
        /// What was waited for has come.
        case ended
        /// The time was over before; these have not ended.
        case timedOut([TaskID])
    }

    private let view: QueueView
    private let changes: QueueChanges
    private let news: EndingNews
    private var pending: [TaskID]
    private var watched: Set<String> = []

    /// Makes a waiter that has not looked yet.
    /// - Parameters:
    ///   - ids: The tasks; each is told once.
    ///   - view: Their queue.
    ///   - changes: Tells when to look; this waiter's own.
    init(_ ids: [TaskID], in view: QueueView, changes: QueueChanges) {
        self.view = view
        self.changes = changes
        var seen: Set<TaskID> = []
        pending = ids.filter { seen.insert($0).inserted }
        news = EndingNews(about: seen)
    }

    /// The tasks that nothing knows now.
    /// - Returns: Those of the tasks that are still waited for.
    /// - Throws: `SystemCallError` when a file cannot be read.
    func unknown() throws(SystemCallError) -> [TaskID] {
        var unknown: [TaskID] = []
        for id in pending where try view.find(id) == nil { unknown.append(id) }
        return unknown
    }

    /// Waits.
    /// - Parameters:
    ///   - deadline: When to give up; nil: never.
    ///   - isAny: Whether the first end is enough.
    ///   - report: Told each end.
    /// - Returns: How it went.
    /// - Throws: `SystemCallError` when files cannot be read, and what `report` throws.
    func run(
        until deadline: ContinuousClock.Instant?,
        any isAny: Bool,
        _ report: (TaskEnding) async throws -> Void
    ) async throws -> Outcome {
        defer { changes.stop() }
        while true {
            let touched = news.take()
            // Watch first and look then, and nothing is missed.
            if touched == nil { try watch() }
            for id in touched.map({ pending.filter($0.contains) }) ?? pending {
                guard let ending = try ending(of: id) else { continue }
                pending.removeAll { $0 == id }
                try await report(ending)
                if isAny { return .ended }
            }
            if pending.isEmpty { return .ended }
            if let deadline, ContinuousClock.now >= deadline { return .timedOut(pending) }
            _ = await changes.next(until: deadline)
        }
    }

    private func watch() throws {
        for place in try view.places([.root, .results, .deadLetters])
        where watched.insert(place.directory.path).inserted {
            changes.watch(place.directory) { [news, kind = place.kind] name in news.note(name, in: kind) }
        }
    }

    private func ending(of id: TaskID) throws(SystemCallError) -> TaskEnding? {
        switch try view.find(id) {
        case .ended(let result)?: TaskEnding(result)
        case .deadLettered(let letter, _, _)?: TaskEnding(letter, of: id)
        case .queued?, .claimed?, nil: nil
        }
    }
}

/// What events have told since the last look.
final class EndingNews: Sendable {
    private let wanted: Set<TaskID>
    /// Nil when all have to be looked at.
    private let touched = Mutex<Set<TaskID>?>(nil)

    /// News of which nothing was told yet, so that all have to be looked at.
    /// - Parameter wanted: The tasks that matter.
    init(about wanted: Set<TaskID>) { self.wanted = wanted }

    /// Takes an event into account.
    /// - Parameters:
    ///   - name: The name that has changed.
    ///   - kind: Where.
    /// - Returns: Whether it is worth a look.
    func note(_ name: FileName, in kind: WatchedPlace.Kind) -> Bool {
        if kind == .root { return noteAll(where: WorkerID(bytes: name.bytes) != nil) }
        let ids = QueueView.endedIDs(named: name)
        let found = ids.filter(wanted.contains)
        // The dead letter of a file that is not named for its task tells its id inside.
        if found.isEmpty { return noteAll(where: kind == .deadLetters && !ids.isEmpty) }
        touched.withLock { $0?.formUnion(found) }
        return true
    }

    private func noteAll(where isGeneral: Bool) -> Bool {
        if isGeneral { touched.withLock { $0 = nil } }
        return isGeneral
    }

    /// Takes the news.
    /// - Returns: The tasks that were told of; nil when all have to be looked at. Without any news it was the timer that
    ///   woke us, and all have to be looked at too, since events can be lost.
    func take() -> Set<TaskID>? {
        touched.withLock { touched in
            defer { touched = [] }
            return touched?.isEmpty == true ? nil : touched
        }
    }
}
