// SPDX-License-Identifier: Apache-2.0
// Deadlines in order, each of which can be taken back.

/// Names a scheduled timer; stays valid, and without effect, after the timer fired or was cancelled.
package struct TimerID: Hashable, Sendable {
    let slot: Int
    let generation: UInt64
}

/// A binary heap of deadlines that knows where each timer is, so that cancelling costs O(log n) and leaves nothing.
struct TimerHeap {
    private struct Timer {
        var generation: UInt64
        var deadline: Int64
        var place: Int
        var body: (@Sendable () -> Void)?
    }

    private var timers: [Timer] = []
    private var free: [Int] = []
    /// Slots of `timers`, the earliest first.
    private var heap: [Int] = []
    private var nextGeneration: UInt64 = 0

    /// The earliest deadline in nanoseconds since boot.
    var earliest: Int64? { heap.first.map { timers[$0].deadline } }

    /// The number of timers made so far; timers made later are not below it.
    var generation: UInt64 { nextGeneration }

    mutating func insert(_ deadline: Int64, _ body: @escaping @Sendable () -> Void) -> TimerID {
        let generation = nextGeneration
        nextGeneration += 1
        let timer = Timer(generation: generation, deadline: deadline, place: heap.count, body: body)
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            timers[slot] = timer
        } else {
            slot = timers.count
            timers.append(timer)
        }
        heap.append(slot)
        moveUp(from: heap.count - 1)
        return TimerID(slot: slot, generation: generation)
    }

    mutating func remove(_ id: TimerID) {
        guard timers.indices.contains(id.slot), timers[id.slot].generation == id.generation else { return }
        guard timers[id.slot].body != nil else { return }
        take(timers[id.slot].place)
    }

    /// Takes the earliest timer out when it is due and was made before a generation.
    ///
    /// The limit keeps timers that set the next one for a past moment from running for ever in one go.
    mutating func popDue(_ now: Int64, before generation: UInt64) -> (@Sendable () -> Void)? {
        guard let slot = heap.first, timers[slot].deadline <= now, timers[slot].generation < generation else {
            return nil
        }
        let body = timers[slot].body
        take(0)
        return body
    }

    private mutating func take(_ place: Int) {
        let slot = heap[place]
        timers[slot].body = nil
        free.append(slot)
        let last = heap.removeLast()
        guard place < heap.count else { return }
        heap[place] = last
        timers[last].place = place
        moveUp(from: place)
        moveDown(from: timers[last].place)
    }

    /// Timers of one deadline are ordered by when they were made.
    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let (a, b) = (heap[left], heap[right])
        if timers[a].deadline != timers[b].deadline { return timers[a].deadline < timers[b].deadline }
        return timers[a].generation < timers[b].generation
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        timers[heap[left]].place = left
        timers[heap[right]].place = right
    }

    private mutating func moveUp(from start: Int) {
        var place = start
        while place > 0, precedes(place, (place - 1) / 2) {
            exchange(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func moveDown(from start: Int) {
        var place = start
        while true {
            var first = place
            for child in (2 * place + 1)...(2 * place + 2) where child < heap.count && precedes(child, first) {
                first = child
            }
            guard first != place else { return }
            exchange(place, first)
            place = first
        }
    }
}
