// SPDX-License-Identifier: Apache-2.0
// Which task is next, and until when there is none.

package import FileQueue
package import QueueModel

/// The order in which tasks may start.
///
/// It knows no slot, breaker or file; those are the caller's.
/// A task is ready, delayed (`not_before`, retry) or blocked (dependencies). Waiting raises every task's priority at
/// the same rate, so the order of two tasks never changes and a heap with a fixed key is enough.
package struct Scheduler: Sendable {
    /// What the caller should do.
    package enum Decision: Sendable, Equatable {
        /// Start this task; it is not in the scheduler any more.
        case start(Entry)
        /// Give up this task: its time is over; it is not in the scheduler any more.
        case expire(Entry)
        /// Nothing can start before this instant; `nil`: before something else happens.
        case wait(until: ContinuousClock.Instant?)
    }

    /// A task with what the scheduler was told of it.
    package struct Entry: Sendable, Equatable {
        /// The task.
        package var task: QueuedTask
        /// Whether this process holds its claim already, as between two attempts.
        package var isClaimed: Bool
        /// Why it is delayed, while it is.
        package var delay: WaitCause?
        /// Tells this stay from an earlier one with the same id, and who came first.
        fileprivate var serial: UInt64
    }

    private struct Slot: Sendable {
        var entry: Entry
        var unmet: Int
        var readyAt: ContinuousClock.Instant?
    }
    private struct Ready: Comparable, Sendable {
        var major: Int64
        var minor: Int64
        var serial: UInt64
        var id: TaskID
        static func < (a: Self, b: Self) -> Bool {
            (-a.major, -a.minor, a.serial) < (-b.major, -b.minor, b.serial)
        }
    }
    private struct Timed<Time: Comparable & Sendable>: Comparable, Sendable {
        var time: Time
        var serial: UInt64
        var id: TaskID
        static func < (a: Self, b: Self) -> Bool { (a.time, a.serial) < (b.time, b.serial) }
        static func == (a: Self, b: Self) -> Bool { a.serial == b.serial && a.time == b.time }
    }

    private let agingMilliseconds: Int64
    private var slots: [TaskID: Slot] = [:]
    private var ready = Heap<Ready>()
    private var delayed = Heap<Timed<ContinuousClock.Instant>>()
    private var expiring = Heap<Timed<Timestamp>>()
    private var dependents: [TaskID: [TaskID]] = [:]
    private var nextSerial: UInt64 = 0
    private var blockedCount = 0
    private var delayedCounts: [WaitCause: Int] = [:]

    /// An empty scheduler.
    /// - Parameter aging: Waiting this long is worth one step of priority; zero turns that off.
    package init(aging: Duration) {
        let (seconds, attoseconds) = aging.components
        agingMilliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }

    /// How many tasks wait.
    package var count: Int { slots.count }

    /// How many tasks wait for a time or a dependency, by cause; the others could start now.
    package var waiting: [WaitCause: Int] {
        var counts = delayedCounts.filter { $0.value > 0 }
        if blockedCount > 0 { counts[.dependency] = blockedCount }
        return counts
    }

    /// The entry of a task that waits.
    /// - Parameter id: The task.
    /// - Returns: `nil` when it does not wait here.
    package subscript(_ id: TaskID) -> Entry? { slots[id]?.entry }

    /// The tasks that others wait for.
    package var wantedDependencies: [TaskID] { Array(dependents.keys) }

    /// Whether a task waits for this one.
    /// - Parameter id: The task waited for.
    /// - Returns: Whether any does.
    package func isWanted(_ id: TaskID) -> Bool { dependents[id] != nil }

    /// Takes a task in; an earlier entry of the same id is replaced.
    /// - Parameters:
    ///   - task: The task.
    ///   - isClaimed: Whether this process holds its claim already.
    ///   - unmet: Those of its dependencies that have not completed.
    ///   - retryAt: When a further attempt may start.
    ///   - now: The time.
    package mutating func enqueue(
        _ task: QueuedTask,
        isClaimed: Bool = false,
        unmet: Set<TaskID> = [],
        retryAt: ContinuousClock.Instant? = nil,
        now: Moment
    ) {
        remove(task.id)
        nextSerial += 1
        var slot = Slot(
            entry: Entry(task: task, isClaimed: isClaimed, delay: nil, serial: nextSerial),
            unmet: unmet.count,
            readyAt: retryAt
        )
        if let expiresAt = task.expiresAt {
            expiring.insert(Timed(time: expiresAt, serial: nextSerial, id: task.id))
        }
        for dependency in unmet { dependents[dependency, default: []].append(task.id) }
        if slot.unmet > 0 { blockedCount += 1 } else { place(&slot, now: now) }
        slots[task.id] = slot
    }

    /// Takes back what ``next(now:)`` said to start, at the place in the order that it had.
    /// - Parameters:
    ///   - entry: What cannot start yet.
    ///   - now: The time.
    package mutating func putBack(_ entry: Entry, now: Moment) {
        var slot = Slot(entry: entry, unmet: 0, readyAt: nil)
        place(&slot, now: now)
        slots[entry.task.id] = slot
    }

    /// Sets aside what ``next(now:)`` said to start, until a time or ``release(_:now:)``.
    /// - Parameters:
    ///   - entry: What cannot start yet.
    ///   - cause: Why not.
    ///   - instant: When to ask again.
    package mutating func hold(_ entry: Entry, for cause: WaitCause, until instant: ContinuousClock.Instant) {
        var slot = Slot(entry: entry, unmet: 0, readyAt: nil)
        delay(&slot, cause, until: instant)
        slots[entry.task.id] = slot
    }

    /// Puts what was set aside back to its place in the order.
    /// - Parameters:
    ///   - cause: Why it was set aside.
    ///   - now: The time.
    package mutating func release(_ cause: WaitCause, now: Moment) {
        guard delayedCounts[cause, default: 0] > 0 else { return }
        for (id, var slot) in slots where slot.entry.delay == cause {
            undelay(&slot)
            place(&slot, now: now)
            slots[id] = slot
        }
    }

    /// Forgets a task.
    /// - Parameter id: The task.
    /// - Returns: What was known of it.
    @discardableResult
    package mutating func remove(_ id: TaskID) -> Entry? {
        guard let slot = slots.removeValue(forKey: id) else { return nil }
        if slot.unmet > 0 {
            blockedCount -= 1
            for dependency in slot.entry.task.dependencies { forget(id, waitingFor: dependency) }
        }
        if let cause = slot.entry.delay { delayedCounts[cause, default: 0] -= 1 }
        return slot.entry
    }

    /// Notes that a task has completed; what waited for it alone may start.
    /// - Parameters:
    ///   - id: The completed task.
    ///   - now: The time.
    package mutating func completed(_ id: TaskID, now: Moment) {
        for dependent in dependents.removeValue(forKey: id) ?? [] {
            guard var slot = slots[dependent], slot.unmet > 0 else { continue }
            slot.unmet -= 1
            if slot.unmet == 0 {
                blockedCount -= 1
                place(&slot, now: now)
            }
            slots[dependent] = slot
        }
    }

    /// Notes that a task ended without completing.
    /// - Parameter id: The task.
    /// - Returns: The tasks that waited for it; they are not in the scheduler any more.
    package mutating func failed(_ id: TaskID) -> [Entry] {
        (dependents[id] ?? []).compactMap { remove($0) }
    }

    /// The tasks that wait for each other in a ring through this one.
    /// - Parameters:
    ///   - id: A task that waits for dependencies.
    ///   - elsewhere: What a task waits for that is not in this scheduler.
    /// - Returns: Every member of the ring, those elsewhere included; empty when there is none.
    package func cycle(through id: TaskID, elsewhere: (TaskID) -> [TaskID] = { _ in [] }) -> [TaskID] {
        var origin: [TaskID: TaskID] = [:]
        var open = [id]
        while let current = open.popLast() {
            let slot = slots[current]
            if slot?.unmet == 0 { continue }
            for dependency in slot?.entry.task.dependencies ?? elsewhere(current) {
                if dependency == id {
                    var members = [current]
                    while let last = members.last, last != id, let before = origin[last] { members.append(before) }
                    return members
                }
                if origin[dependency] == nil {
                    origin[dependency] = current
                    open.append(dependency)
                }
            }
        }
        return []
    }

    /// The next task whose time is over; for when nothing can be started.
    /// - Parameter now: The time.
    /// - Returns: The task, which is not in the scheduler any more.
    package mutating func nextExpired(now: Moment) -> Entry? {
        while let first = expiring.first, first.time < now.wall {
            _ = expiring.popFirst()
            guard slots[first.id]?.entry.serial == first.serial else { continue }
            return remove(first.id)
        }
        return nil
    }

    /// Decides what to do next.
    /// - Parameter now: The time.
    /// - Returns: The decision.
    package mutating func next(now: Moment) -> Decision {
        if let entry = nextExpired(now: now) { return .expire(entry) }
        while let first = delayed.first, first.time <= now.instant {
            _ = delayed.popFirst()
            guard var slot = slots[first.id], slot.entry.serial == first.serial, slot.entry.delay != nil else {
                continue
            }
            undelay(&slot)
            place(&slot, now: now)
            slots[first.id] = slot
        }
        guard let entry = upcoming() else { return .wait(until: nextWake(now)) }
        _ = ready.popFirst()
        slots[entry.task.id] = nil
        return .start(entry)
    }

    /// The first of the tasks that wait for nothing but their turn, which keeps its place.
    /// - Returns: What ``next(now:)`` starts, unless the time changes that; `nil` when there is none.
    package mutating func upcoming() -> Entry? {
        while let first = ready.first {
            if let slot = slots[first.id], slot.entry.serial == first.serial, slot.unmet == 0, slot.entry.delay == nil {
                return slot.entry
            }
            _ = ready.popFirst()
        }
        return nil
    }

    /// When to ask again although nothing has happened.
    /// - Parameter now: The time.
    /// - Returns: `nil` when no time is waited for.
    package func nextWake(_ now: Moment) -> ContinuousClock.Instant? {
        [delayed.first?.time, nextExpiry(now)].compactMap { $0 }.min()
    }

    /// When to ask ``nextExpired(now:)`` again although nothing has happened.
    /// - Parameter now: The time.
    /// - Returns: `nil` when no task has such a time.
    package func nextExpiry(_ now: Moment) -> ContinuousClock.Instant? {
        expiring.first.map { now.instant(of: $0.time).advanced(by: .milliseconds(1)) }
    }

    /// Recomputes the delays that depend on the wall clock, after that has jumped.
    /// - Parameter now: The time.
    package mutating func realign(now: Moment) {
        for (id, var slot) in slots where slot.entry.delay == .notBefore {
            undelay(&slot)
            nextSerial += 1
            slot.entry.serial = nextSerial
            if let expiresAt = slot.entry.task.expiresAt {
                expiring.insert(Timed(time: expiresAt, serial: nextSerial, id: id))
            }
            place(&slot, now: now)
            slots[id] = slot
        }
    }

    private mutating func place(_ slot: inout Slot, now: Moment) {
        let task = slot.entry.task
        if let notBefore = task.notBefore, notBefore > now.wall {
            delay(&slot, .notBefore, until: now.instant(of: notBefore))
        } else if let readyAt = slot.readyAt, readyAt > now.instant {
            delay(&slot, .retry, until: readyAt)
        } else {
            let queued = task.queuedAt.millisecondsSince1970
            let priority = Int64(task.priority)
            let ages = agingMilliseconds > 0
            ready.insert(
                Ready(
                    major: ages ? priority * agingMilliseconds - queued : priority,
                    minor: ages ? 0 : -queued,
                    serial: slot.entry.serial,
                    id: task.id
                )
            )
        }
    }

    private mutating func delay(_ slot: inout Slot, _ cause: WaitCause, until instant: ContinuousClock.Instant) {
        slot.entry.delay = cause
        delayedCounts[cause, default: 0] += 1
        delayed.insert(Timed(time: instant, serial: slot.entry.serial, id: slot.entry.task.id))
    }

    private mutating func undelay(_ slot: inout Slot) {
        guard let cause = slot.entry.delay else { return }
        delayedCounts[cause, default: 0] -= 1
        slot.entry.delay = nil
    }

    private mutating func forget(_ dependent: TaskID, waitingFor dependency: TaskID) {
        guard var list = dependents[dependency], let index = list.firstIndex(of: dependent) else { return }
        list.remove(at: index)
        dependents[dependency] = list.isEmpty ? nil : list
    }
}
