// SPDX-License-Identifier: Apache-2.0
// The report for people, on one screen.

import QueueModel

extension StatusReport {
    /// The report without colours.
    /// - Parameter width: The most characters of a line; `nil`: no limit.
    /// - Returns: Blocks of lines: queues, workers, and where there are any, problems and failures.
    package func text(width: Int?) -> String { text(width: width) { text, _ in text } }

    func text(width: Int?, paint: (String, Output.Style) -> String) -> String {
        var blocks = [headline]
        if !workers.isEmpty {
            blocks.append(paint("QUEUES", .heading) + "\n" + queues.text(width: width))
            blocks.append(paint("WORKERS", .heading) + "\n" + daemons(paint).text(width: width))
        }
        let problems = problems(paint)
        // Not cut: what to do stands at the end of the line.
        if !problems.isEmpty { blocks.append(paint("PROBLEMS", .heading) + "\n" + problems.text(width: nil)) }
        if !failures.isEmpty {
            blocks.append(paint("RECENT FAILURES", .heading) + "\n" + recent.text(width: width))
        }
        if !ended.isEmpty || !endedAreKnown {
            var lines = [paint("RECENTLY ENDED", .heading)]
            if !ended.isEmpty {
                lines.append(
                    TaskRow.table(ended, now: timestamp, width: width) { text, state in paint(text, state.style) }
                )
            }
            if !endedAreKnown {
                lines.append("not looked for: many results, and no orchestrator that knows the latest; see: vigil list")
            }
            blocks.append(lines.joined(separator: "\n"))
        }
        return blocks.joined(separator: "\n\n")
    }

    private var headline: String {
        let place = "\(printable(root)) at \(timestamp.second)"
        if workers.isEmpty { return "\(place): no worker has an inbox here; make one: vigil setup --workers NAME" }
        if alive == 0 { return "\(place): no worker daemon runs, this is what the files say; start one: vigil up" }
        return "\(place): \(alive) of \(workers.count) \(workers.count == 1 ? "worker runs" : "workers run")"
    }

    private var queues: Table {
        var table = Table(["worker", "queued", "running", "waiting", "dead letters"])
        for worker in workers {
            table.add([
                worker.worker.string, String(worker.queued), list(worker.running), waiting(worker),
                String(worker.deadLetters),
            ])
        }
        return table
    }

    private func waiting(_ worker: WorkerReport) -> String {
        let causes = WaitCause.allCases.compactMap { cause in
            worker.waiting[cause].map { "\($0) \(cause.rawValue.replacing("_", with: " "))" }
        }
        return causes.isEmpty ? "-" : causes.joined(separator: ", ")
    }

    /// Some ids, so that one worker with many slots leaves room for the others.
    private func list(_ ids: [TaskID]) -> String {
        let shown = 3
        let names = ids.prefix(shown).map(\.string).joined(separator: ", ")
        if ids.count > shown { return "\(names) and \(ids.count - shown) more" }
        return ids.isEmpty ? "-" : names
    }

    private func daemons(_ paint: (String, Output.Style) -> String) -> Table {
        var titles = [
            "worker", "status", "circuit", "heartbeat", "process", "up", "processed", "failed", "retried", "dlq",
        ]
        let showsCost = workers.contains { $0.heartbeat.map { costToday(of: $0) != nil } ?? false }
        if showsCost { titles.append("today") }
        var table = Table(titles)
        for worker in workers {
            let beat = worker.heartbeat
            let isAlive = worker.condition.isAlive
            var cells = [worker.worker.string, status(worker, paint)]
            cells.append(isAlive ? circuit(beat, paint) : "-")
            cells.append(beat.map { "\(Age(of: $0.timestamp, at: timestamp)) ago" } ?? "-")
            cells.append(isAlive ? process(beat) : "-")
            cells.append(isAlive ? beat.map(uptime) ?? "-" : "-")
            let stats = beat?.stats
            for count in [
                stats?.tasksProcessed, stats?.tasksFailed, stats?.tasksRetried, stats?.tasksDeadLettered,
            ] { cells.append(count.map(String.init) ?? "-") }
            if showsCost { cells.append(beat.flatMap { costToday(of: $0) } ?? "-") }
            table.add(cells)
        }
        return table
    }

    /// What a worker's agents have cost since midnight, UTC, as long as it is that day.
    private func costToday(of beat: HeartbeatRecord) -> String? {
        let day = { (time: Timestamp) in time.millisecondsSince1970 / 86_400_000 }
        guard let today = beat.today, day(beat.timestamp) == day(timestamp) else { return nil }
        return CostText.text(today.costUSD > 0 ? today.costUSD : nil, today.tokens)
    }

    private func status(_ worker: WorkerReport, _ paint: (String, Output.Style) -> String) -> String {
        guard worker.condition == .running else {
            return paint(worker.condition.words, worker.condition == .crashed ? .bad : .warning)
        }
        // Between the lock and the first heartbeat of a start.
        guard let status = worker.heartbeat?.status, status != .stopped else { return paint("starting", .good) }
        return paint(status.rawValue, status == .healthy ? .good : .warning)
    }

    private func circuit(_ beat: HeartbeatRecord?, _ paint: (String, Output.Style) -> String) -> String {
        guard let beat else { return "-" }
        let word = beat.circuitBreakerState.rawValue.replacing("_", with: "-")
        return beat.circuitBreakerState == .closed ? word : paint(word, .bad)
    }

    /// It has gone on since the heartbeat.
    private func uptime(_ beat: HeartbeatRecord) -> String {
        "\(Age(beat.uptime + timestamp.since(beat.timestamp)))"
    }

    private func process(_ beat: HeartbeatRecord?) -> String {
        guard let pid = beat?.pid else { return "-" }
        return beat?.host.map { "\(pid) on \(printable($0))" } ?? String(pid)
    }
}

// MARK: - Problems and failures

extension StatusReport {
    private func problems(_ paint: (String, Output.Style) -> String) -> Table {
        var table = Table([])
        for worker in workers {
            for problem in worker.problems(at: timestamp) {
                table.add([worker.worker.string, paint(problem, .warning)])
            }
        }
        return table
    }

    private var recent: Table {
        var table = Table(["age", "worker", "task", "reason", "what happened"])
        for failure in failures {
            let message = failure.kind == .retry ? "will be tried again: \(failure.message)" : failure.message
            table.add([
                "\(Age(of: failure.timestamp, at: timestamp))", failure.worker.string, printable(failure.name),
                failure.reason, printable(message),
            ])
        }
        return table
    }
}

extension WorkerReport {
    /// What is wrong with the worker, a line each, with what to do.
    func problems(at now: Timestamp) -> [String] {
        let start = "vigil worker \(worker)"
        let age = heartbeat.map { "\(Age(of: $0.timestamp, at: now))" } ?? ""
        let waiting = queued + retrying + interrupted.count
        let demand = waiting == 0 ? "" : waiting == 1 ? ", and 1 task waits" : ", and \(waiting) tasks wait"
        var lines: [String] = []
        switch condition {
        case .running: break
        case .silent:
            lines.append("no heartbeat for \(age), though its daemon lives; see its log, and the disk's space")
        // Stopped on purpose, or not meant to run, and nothing to do: no problem.
        case .stopped: if waiting > 0 { lines.append("stopped \(age) ago\(demand); start it: \(start)") }
        case .absent: if waiting > 0 { lines.append("never started\(demand); start it: \(start)") }
        case .crashed:
            lines.append("its process is gone, its last heartbeat is \(age) old\(demand); start it: \(start)")
        case .gone: lines.append("its last heartbeat is \(age) old\(demand); start it: \(start)")
        }
        if condition.isAlive, let heartbeat {
            if heartbeat.circuitBreakerState == .open {
                lines.append("the circuit is open: too many failures in a row, nothing is started for a while")
            }
            for (account, until) in heartbeat.usageLimits.sorted(by: { $0.key < $1.key }) {
                lines.append("the usage limit of the account \(account) is reached; one task is tried at \(until)")
            }
            if heartbeat.budget?.isSpent == true {
                lines.append("the day's money is spent; it goes on at midnight, UTC")
            }
            for (name, message) in heartbeat.problems.sorted(by: { $0.key < $1.key }) {
                lines.append("\(printable(name)): \(printable(message))")
            }
        }
        if !unattended.isEmpty {
            lines.append("\(named(unattended)) without a daemon; the next start takes up the outcome")
        }
        if !interrupted.isEmpty {
            lines.append("cut off: \(interrupted.map(\.string).joined(separator: ", ")); the next start takes it up")
        }
        return lines
    }

    private func named(_ ids: [TaskID]) -> String {
        ids.map(\.string).joined(separator: ", ") + (ids.count == 1 ? " runs on" : " run on")
    }
}
