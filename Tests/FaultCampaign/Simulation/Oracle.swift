// SPDX-License-Identifier: Apache-2.0
// What must hold of a simulated worker, kept in books that share nothing with the code under test.

import FileQueue
import QueueModel
import Worker

/// The books of a simulation, from which each decision of the worker is judged.
struct Oracle: Sendable {
    /// What the circuit breaker must be like.
    enum Circuit: Sendable, Equatable {
        case closed(failures: Int)
        /// `until` is nil after a restart with a wall clock that has jumped: then only the length is known.
        case open(until: ContinuousClock.Instant?)
        case halfOpen(probe: Int?)
    }

    /// What is known of a task.
    struct Book: Sendable {
        var isWaiting = false
        /// The latest time that the wall clock has shown while the task waited.
        var latest: Timestamp?
        var retryAt: ContinuousClock.Instant?
        var lastAttempt = 0
        var counted = 0
        var hasSucceeded = false
        /// In which stretch of the circuit its running attempt was allowed.
        var stretch: Int?
    }

    var books = [Book](repeating: Book(), count: Schedule.mostTasks)
    var circuit = Circuit.closed(failures: 0)
    var stretch = 0
    /// Whether the worker has looked at the wall clock since that has jumped.
    var isAligned = true
    var starts = 0

    /// What is in memory alone is gone.
    mutating func forgetMemory() {
        for index in books.indices {
            books[index].isWaiting = false
            books[index].retryAt = nil
            books[index].stretch = nil
        }
        stretch += 1
    }

    mutating func began(_ index: Int, attempt: Int) throws(Halt) {
        let last = books[index].lastAttempt
        if attempt <= last { throw .breach("ATT: attempt \(attempt) of \(index) after \(last)") }
        books[index].lastAttempt = attempt
        books[index].counted += 1
        starts += 1
    }

    /// An attempt that does not count: its number is used again.
    mutating func handedBack(_ index: Int, attempt: Int, hasRun: Bool) {
        if books[index].lastAttempt >= attempt { books[index].lastAttempt = attempt - 1 }
        if hasRun { books[index].counted -= 1 }
    }
}

// MARK: - The circuit

extension Oracle {
    /// A task is about to start: with an open circuit none may, with a half-open one a single probe.
    mutating func admit(_ index: Int, now: ContinuousClock.Instant) throws(Halt) {
        switch circuit {
        case .closed: break
        case .open(let until):
            if let until, now < until { throw .breach("CIRCUIT: \(index) starts while the circuit is open") }
            stretch += 1
            circuit = .halfOpen(probe: index)
        case .halfOpen(let probe?): throw .breach("CIRCUIT: \(index) starts beside the probe \(probe)")
        case .halfOpen(nil): circuit = .halfOpen(probe: index)
        }
        books[index].stretch = stretch
    }

    /// An attempt with a permit has ended; `counts` is nil when the end says nothing about the service.
    mutating func ended(
        _ index: Int,
        isSuccess: Bool?,
        threshold: Int,
        opensUntil until: ContinuousClock.Instant
    ) {
        guard let before = books[index].stretch else { return }
        books[index].stretch = nil
        guard before == stretch else { return }
        switch (circuit, isSuccess) {
        case (.closed(let failures), false?) where failures + 1 >= threshold: move(to: .open(until: until))
        case (.closed(let failures), false?): circuit = .closed(failures: failures + 1)
        case (.closed, true?): circuit = .closed(failures: 0)
        case (.halfOpen(index), true?): move(to: .closed(failures: 0))
        case (.halfOpen(index), false?): move(to: .open(until: until))
        case (.halfOpen(index), nil): circuit = .halfOpen(probe: nil)
        default: break
        }
    }

    private mutating func move(to next: Circuit) {
        circuit = next
        stretch += 1
    }
}

// MARK: - What may start

extension SimulatedWorld {
    /// Judges the worker's decision to start a task, before anything of it happens.
    func judgeStart(_ index: Int) throws(Halt) {
        let book = oracle.books[index]
        guard let task = tasks[index] else { throw .breach("REAL: \(index) was never submitted") }
        if !book.isWaiting { throw .breach("EXCL: \(index) starts and does not wait") }
        if memory.running.contains(index) || agents.contains(where: { $0.task == index }) {
            throw .breach("EXCL: \(index) starts while it runs")
        }
        if disk.places[index].result != nil { throw .breach("DONE: \(index) starts after its result") }
        if memory.running.count >= schedule.slots { throw .breach("SLOTS: \(index) starts without a slot") }
        if let notBefore = task.notBefore, max(book.latest ?? now.wall, now.wall) < notBefore {
            throw .breach("TIME: \(index) starts before its time")
        }
        if let expiresAt = task.expiresAt, now.wall > expiresAt { throw .breach("TIME: \(index) starts too late") }
        if let retryAt = book.retryAt, now.instant < retryAt { throw .breach("TIME: \(index) starts in its delay") }
        for dependency in specifications[index]?.dependencies ?? [] {
            if disk.places[dependency].result != .completed {
                throw .breach("DEPENDENCY: \(index) starts before \(dependency) has completed")
            }
        }
        for other in oracle.books.indices where other != index && isStartable(other) {
            if key(of: other) > key(of: index) { throw .breach("PRIORITY: \(index) starts before \(other)") }
        }
    }

    /// Whether a task could start if there were a slot, as far as that can be told with certainty.
    func isStartable(_ index: Int) -> Bool {
        let book = oracle.books[index]
        guard oracle.isAligned, book.isWaiting, let task = tasks[index] else { return false }
        // The wall clock is read in milliseconds, so that a start may be one late.
        if let notBefore = task.notBefore, notBefore >= now.wall { return false }
        if let expiresAt = task.expiresAt, expiresAt < now.wall { return false }
        if let retryAt = book.retryAt, retryAt > now.instant { return false }
        return (specifications[index]?.dependencies ?? []).allSatisfy { disk.places[$0].result == .completed }
    }

    /// The rank of a task: with ageing, its priority and how long it has waited.
    private func key(of index: Int) -> (Int64, Int64) {
        guard let task = tasks[index] else { return (.min, 0) }
        let waited = now.wall.millisecondsSince1970 - task.queuedAt.millisecondsSince1970
        let aging = schedule.agingMilliseconds
        return aging > 0 ? (Int64(task.priority) * aging + waited, 0) : (Int64(task.priority), waited)
    }

    /// After the worker has nothing more to do: it must not leave a slot empty that a task could have.
    func judgeIdleness() throws(Halt) {
        guard isUp, !memory.isDraining, memory.running.count < schedule.slots else { return }
        switch oracle.circuit {
        case .closed: break
        case .open(let until?) where until <= now.instant: break
        case .halfOpen(nil): break
        default: return
        }
        for index in oracle.books.indices where isStartable(index) {
            throw .breach("LIVE: \(index) could start, and does not")
        }
    }

    /// Whether a task waits for itself.
    func isInRing(_ index: Int) -> Bool {
        var open = specifications[index]?.dependencies ?? []
        var seen: Set<Int> = []
        while let next = open.popLast() {
            if next == index { return true }
            guard seen.insert(next).inserted, disk.places[next].result != .completed else { continue }
            open += specifications[next]?.dependencies ?? []
        }
        return false
    }
}
