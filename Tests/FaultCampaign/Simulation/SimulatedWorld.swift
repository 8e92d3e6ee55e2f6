// SPDX-License-Identifier: Apache-2.0
// A worker, its agents, its disk and its clocks, all of them values, driven step by step.

import Agents
import FileQueue
import QueueModel
import Resilience
import Supervision
import SystemKit
import TestSupport
import Worker

/// A worker in a world without files, processes and time.
///
/// The code under test is the worker's own: `Scheduler`, `RetryPolicy` with its verdicts, and `CircuitBreaker` with its
/// snapshot. What joins them is written here as `Worker` does it, and the ``Oracle`` judges every decision.
struct SimulatedWorld {
    /// An agent at work under a supervisor, which a daemon's death does not touch.
    struct Agent: Sendable {
        var task: Int
        var run: Int
        /// Whether the daemon that is up has started it.
        var isOurs: Bool
    }

    /// An end that the daemon has yet to hear of.
    struct Letter: Sendable {
        var task: Int
        var end: AttemptEnd
        var isSuccess: Bool?
        var permit: CircuitBreaker.Permit
    }

    /// What is lost when the daemon dies.
    struct Memory: Sendable {
        var scheduler: Scheduler
        var breaker: CircuitBreaker
        var held: Set<Int> = []
        var running: Set<Int> = []
        var adopted: Set<Int> = []
        var permits: [Int: CircuitBreaker.Permit] = [:]
        var condemned: [(index: Int, isClaimed: Bool, reason: DeadLetterReason)] = []
        var mail: [Letter] = []
        var isDraining = false
        var wakeAt: ContinuousClock.Instant?
    }

    let schedule: Schedule
    let policy: RetryPolicy
    var dice: SeededGenerator
    var disk = SimulatedDisk()
    var oracle = Oracle()
    var now: Moment
    var tasks = [QueuedTask?](repeating: nil, count: Schedule.mostTasks)
    var specifications = [Schedule.Task?](repeating: nil, count: Schedule.mostTasks)
    var agents: [Agent] = []
    var isUp = false
    var memory: Memory
    var runs = 0
    var refusals = 0
    /// How far the wall clock has jumped.
    private var jumped: Int64 = 0

    init(_ schedule: Schedule) {
        self.schedule = schedule
        policy = RetryPolicy(
            maxRetries: 3,
            initialDelay: .seconds(1),
            backoff: 3,
            maxDelay: .seconds(10),
            jitter: schedule.jitter
        )
        dice = SeededGenerator(seed: ~schedule.seed)
        now = Moment(wall: Timestamp(millisecondsSince1970: 1_800_000_000_000), instant: Fixtures.origin)
        memory = Self.emptyMemory(schedule)
    }

    static func emptyMemory(_ schedule: Schedule) -> Memory {
        Memory(
            scheduler: Scheduler(aging: .milliseconds(schedule.agingMilliseconds)),
            breaker: CircuitBreaker(
                threshold: schedule.threshold,
                timeout: .milliseconds(schedule.timeoutMilliseconds)
            )
        )
    }

    /// Runs a schedule, and then lets the queue come to rest.
    /// - Returns: What was broken; nil when nothing was.
    static func breach(of schedule: Schedule, starts: inout Int) -> String? {
        var world = SimulatedWorld(schedule)
        do throws(Halt) {
            try world.survivingCrashes { (world) throws(Halt) in try world.start() }
            for step in schedule.steps {
                try world.survivingCrashes { (world) throws(Halt) in try world.perform(step) }
                try world.judgeIdleness()
            }
            try world.settle()
        } catch {
            if case .breach(let what) = error { return what }
            return "LIVE: the daemon dies without a fault"
        }
        starts += world.oracle.starts
        return nil
    }

    private mutating func survivingCrashes(_ body: (inout Self) throws(Halt) -> Void) throws(Halt) {
        do throws(Halt) {
            try body(&self)
        } catch {
            guard case .crash = error else { throw error }
            vanish()
        }
    }

    /// The daemon is gone; its agents go on.
    mutating func vanish() {
        isUp = false
        memory = Self.emptyMemory(schedule)
        disk.fuse = nil
        for index in agents.indices { agents[index].isOurs = false }
        oracle.forgetMemory()
    }

    // MARK: Steps

    private mutating func perform(_ step: Schedule.Step) throws(Halt) {
        switch step {
        case .submit(let task): submit(task)
        case .advance(let milliseconds): advance(by: .milliseconds(milliseconds))
        case .wake: if let wakeAt = memory.wakeAt { advance(by: now.instant.duration(to: wakeAt)) }
        case .jump(let milliseconds):
            jumped += milliseconds
            readWallClock()
            oracle.isAligned = false
        case .end(let number, let ending): if !agents.isEmpty { end(number % agents.count, ending) }
        case .deliver(let number): try deliver(number)
        case .scan: if isUp { try scan() }
        case .crash(let changes): disk.fuse = isUp ? changes : nil
        case .killSupervisor(let number): if !agents.isEmpty { killSupervisor(number % agents.count) }
        case .refuseStarts(let count): refusals = count
        case .drain: memory.isDraining = isUp
        case .stopNow: stopNow()
        case .start: if !isUp { try start() }
        }
        try decide()
        if isUp && memory.isDraining && memory.running.subtracting(memory.adopted).isEmpty { vanish() }
    }

    private mutating func advance(by duration: Duration) {
        guard duration > .zero else { return }
        now.instant = now.instant.advanced(by: duration)
        readWallClock()
    }

    /// The wall clock shows whole milliseconds that have passed.
    private mutating func readWallClock() {
        let (seconds, attoseconds) = Fixtures.origin.duration(to: now.instant).components
        let passed = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        now.wall = Timestamp(millisecondsSince1970: 1_800_000_000_000 + jumped + passed)
        for index in oracle.books.indices where oracle.books[index].isWaiting { oracle.sees(now.wall, index) }
    }

    mutating func submit(_ task: Schedule.Task) {
        let place = disk.places[task.index]
        guard tasks[task.index] == nil, place.result == nil else { return }
        var queued = Fixtures.template
        queued.id = Fixtures.ids[task.index]
        queued.fileName = Fixtures.names[task.index]
        queued.priority = task.priority
        queued.queuedAt = now.wall
        queued.notBefore = task.notBefore.map { now.wall.adding(.milliseconds($0)) }
        queued.expiresAt = task.expires.map { now.wall.adding(.milliseconds($0)) }
        queued.dependencies = task.dependencies.map { Fixtures.ids[$0] }
        tasks[task.index] = queued
        specifications[task.index] = task
        disk.places[task.index].isInInbox = true
        // The kernel tells a daemon that is up.
        if isUp && !memory.isDraining { admit(task.index) }
    }

    // MARK: Agents

    /// An agent ends, and its supervisor leaves the exit record, whoever hears of it.
    mutating func end(_ number: Int, _ ending: Schedule.Ending) {
        let agent = agents.remove(at: number)
        disk.places[agent.task].exit = (agent.run, ending)
        if ending == .success { oracle.books[agent.task].hasSucceeded = true }
        guard agent.isOurs, let permit = memory.permits[agent.task] else { return }
        memory.mail.append(letter(agent.task, ending, permit))
    }

    func letter(_ task: Int, _ ending: Schedule.Ending, _ permit: CircuitBreaker.Permit) -> Letter {
        let isSuccess: Bool? = ending == .success ? true : ending == .failure ? false : nil
        return Letter(task: task, end: Fixtures.end(ending), isSuccess: isSuccess, permit: permit)
    }

    private mutating func killSupervisor(_ number: Int) {
        let agent = agents.remove(at: number)
        guard agent.isOurs, let permit = memory.permits[agent.task] else { return }
        memory.mail.append(Letter(task: agent.task, end: .interrupted("killed"), isSuccess: nil, permit: permit))
    }

    private mutating func stopNow() {
        guard isUp else { return }
        memory.isDraining = true
        while let number = agents.firstIndex(where: \.isOurs) { end(number, .shutdown) }
    }

    // MARK: Rest

    /// Lets everything come to its end without further faults; time passes only to where the worker wants to be woken.
    private mutating func settle() throws(Halt) {
        disk.fuse = nil
        refusals = 0
        if isUp && memory.isDraining { vanish() }
        if !isUp { try start() }
        for index in tasks.indices where tasks[index] == nil && isAwaited(index) { submit(Schedule.Task(index: index)) }
        try scan()
        var hasScanned = true
        for _ in 0..<400 {
            try decide()
            try judgeIdleness()
            if tasks.indices.allSatisfy({ tasks[$0] == nil || disk.places[$0].isAtRest }) { return }
            if !agents.isEmpty {
                end(0, Int.random(in: 0..<3, using: &dice) == 0 ? .failure : .success)
                hasScanned = false
            } else if !memory.mail.isEmpty {
                try deliver(0)
            } else if !hasScanned {
                // Only a look at the claims tells of the end of an attempt that this daemon did not start.
                try scan()
                hasScanned = true
            } else if let wakeAt = memory.wakeAt {
                advance(by: max(now.instant.duration(to: wakeAt), .milliseconds(1)))
            } else {
                throw .breach("LIVE: nothing happens any more, and not all tasks are over: \(unfinished)")
            }
        }
        throw .breach("LIVE: not at rest after 400 rounds: \(unfinished)")
    }

    private var unfinished: [Int] { tasks.indices.filter { tasks[$0] != nil && !disk.places[$0].isAtRest } }

    private func isAwaited(_ index: Int) -> Bool {
        specifications.contains { $0?.dependencies.contains(index) ?? false }
    }
}

extension Oracle {
    /// The wall clock shows a time while a task waits.
    mutating func sees(_ wall: Timestamp, _ index: Int) {
        books[index].latest = books[index].latest.map { max($0, wall) } ?? wall
    }
}

/// Values that are made once.
enum Fixtures {
    static let origin = ContinuousClock.now
    static let ids = (0..<Schedule.mostTasks).compactMap { TaskID(bytes: Array("t\($0)".utf8)) }
    static let names = ids.map { FileName("\($0).json") }
    static let indices = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0) })
    static let template = required { () throws in
        let bytes = Array(#"{"task_id":"t","description":"d"}"#.utf8)
        let record = try TaskRecord.decode(bytes, for: WorkerID("marie"), limits: TaskLimits())
        return QueuedTask(record, fileName: "t.json", queuedAt: Timestamp(millisecondsSince1970: 0))
    }
    private static let success = judged(#""exit_code":0"#)
    private static let failure = judged(#""exit_code":3"#)

    static func end(_ ending: Schedule.Ending) -> AttemptEnd {
        switch ending {
        case .success: success
        case .failure: failure
        case .permanent: .judged(.refused(AgentError(code: .promptTooLong, message: "too long")))
        case .shutdown: .handedBack
        }
    }

    private static func judged(_ code: String) -> AttemptEnd {
        required { () throws in
            let text = """
                {"version":2,"run_id":"r1","attempt":1,"ending":"exited",\(code),"cut_off":null,\
                "started_at":"2026-01-02T03:04:05.000Z","finished_at":"2026-01-02T03:04:06.000Z","duration_us":1,\
                "stdout_bytes":0,"stderr_bytes":0,"stragglers_killed":0,"cpu_us":0,"max_resident_bytes":0}
                """
            let (nothing, record) = (OutputExcerpt(""), try ExitRecord(decoding: Array(text.utf8)))
            return .judged(Outcome.outcome(of: record, stdout: nothing, stderr: nothing, profile: .claude()))
        }
    }

    private static func required<Value>(_ make: () throws -> Value) -> Value {
        do { return try make() } catch { preconditionFailure("a value of the simulation is wrong: \(error)") }
    }
}
