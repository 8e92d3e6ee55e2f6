// SPDX-License-Identifier: Apache-2.0
// From a hint that something is in the inbox to an entry in the scheduler.

import FileQueue
import Logging
import QueueModel
import SystemKit

extension Worker {
    /// How many files are looked at before others get the thread.
    private static let scanChunk = 128

    func watchInbox() {
        if let inboxWatch { watcher?.remove(inboxWatch) }
        inboxWatch = nil
        guard let watcher else {
            raise(.watcher, "no directory events; scanning every \(configuration.pollInterval) instead")
            return
        }
        do throws(SystemCallError) {
            // Each claim of its own would be told. A task that somebody else moves away is missed at its claim, or by a scan.
            inboxWatch = try watcher.add(queue.inbox, movesAway: false) { event in
                self.assumeIsolated { $0.handle(event) }
            }
            clear(.watcher)
        } catch {
            raise(.watcher, "\(error); scanning every \(configuration.pollInterval) instead")
        }
    }

    private func handle(_ event: DirectoryEvent) {
        switch event {
        case .settled(let name), .appeared(let name):
            if WorkerQueue.isTaskFileName(name) { look(at: name) }
        case .vanished(let name):
            forget(name)
        case .overflow:
            logger.warning("directory events were lost, scanning")
            requestScan()
        case .gone:
            requestScan()
        }
        poke()
    }

    func requestScan() {
        lastScanChange = .min
        if isScanPending { return }
        isScanPending = true
        pending.append(.scan)
        poke()
    }

    /// Every event is only a hint; this is the truth.
    func scan() async {
        isScanPending = false
        guard phase == .running else { return }
        guard refreshInbox() else { return }
        checkDependencies()
        let names: [FileName]
        do throws(SystemCallError) {
            let changed = try queue.inbox.status().changedNanoseconds
            // A directory that has not changed since a moment before the last scan holds nothing new.
            if changed == lastScanChange { return clear(.inbox) }
            names = try taskNames()
            let age = now.wall.millisecondsSince1970 - changed / 1_000_000
            lastScanChange = age > 1_000 ? changed : .min
            clear(.inbox)
        } catch {
            raise(.inbox, "\(error)")
            return
        }
        scanNumber += 1
        let current = scanNumber
        for (index, name) in names.enumerated() {
            if index % Self.scanChunk == Self.scanChunk - 1 {
                poke()
                await Task.yield()
                if phase != .running { return }
            }
            if self.names[name] != nil {
                self.names[name]?.seenInScan = current
            } else {
                look(at: name)
            }
        }
        for (name, known) in self.names where known.seenInScan < current { forget(name) }
        poke()
    }

    private func taskNames() throws(SystemCallError) -> [FileName] {
        var names: [FileName] = []
        try queue.inbox.names { name in
            if WorkerQueue.isTaskFileName(name) { names.append(name) }
            return true
        }
        return names
    }

    /// Goes over to the directory that the inbox's path names by now.
    /// - Returns: Whether it names one. While it does not, no event tells when that changes.
    private func refreshInbox() -> Bool {
        if let inboxRetry { reactor.cancel(inboxRetry) }
        inboxRetry = nil
        do throws(SystemCallError) {
            if try queue.reopenInbox() {
                logger.warning(
                    "inbox was replaced, watching the new one",
                    metadata: ["path": .string(queue.inbox.path)]
                )
                lastScanChange = .min
                watchInbox()
            }
            return true
        } catch {
            raise(.inbox, "\(error)")
            inboxRetry = reactor.schedule(at: clock.now.advanced(by: configuration.pollInterval)) {
                self.assumeIsolated { $0.requestScan() }
            }
            return false
        }
    }

    /// Looks at one file and decides what it is.
    func look(at name: FileName) {
        if case .rejected = names[name]?.meaning { return }
        do throws(SystemCallError) {
            switch try queue.inspect(name) {
            case .gone: forget(name)
            case .task(let task, let record): try admit(task, record)
            case .rejected(let rejection): refuse(name, rejection)
            case .unfinished(let status, let rejection, let hasWriter):
                settle(name, status, rejection, hasWriter: hasWriter)
            }
        } catch {
            // The scan looks again; the file stays where it is.
            lastScanChange = .min
            names[name] = nil
            logger.warning("task file cannot be read", metadata: ["file": "\(name)", "error": "\(error)"])
        }
    }

    private func forget(_ name: FileName) {
        queue.forget(name)
        guard let known = names.removeValue(forKey: name) else { return }
        if case .queued(let id) = known.meaning, let entry = scheduler[id], !entry.isClaimed,
            entry.task.fileName == name
        {
            scheduler.remove(id)
            logger.info("queued task is gone from the inbox", metadata: ["task_id": .string(id.string)])
        }
    }

    private func refuse(_ name: FileName, _ rejection: TaskRejection) {
        names[name] = KnownName(meaning: .rejected, seenInScan: scanNumber)
        pending.append(.reject(name, rejection))
    }

    /// Waits until a file that makes no sense yet has been left alone for a while.
    ///
    /// Its writer will close it, or die, which closes it too. But the event of that may be another name's, and it comes
    /// before the kernel counts the writer out. So the file is looked at in any case, ever less often.
    private func settle(_ name: FileName, _ status: FileStatus, _ rejection: TaskRejection, hasWriter: Bool) {
        let now = clock.now
        var until = now.advanced(by: configuration.settleTime)
        if case .unfinished(let before, let earlier, let timer) = names[name]?.meaning {
            reactor.cancel(timer)
            if before == status { until = earlier }
        }
        if !hasWriter && until <= now { return refuse(name, rejection) }
        let shortest = configuration.settleTime
        let longest = inboxWatch == nil ? shortest : max(shortest, configuration.scanInterval)
        let unchanged = until.duration(to: now) + shortest
        let next = until <= now ? now.advanced(by: min(unchanged, longest)) : until
        let timer = reactor.schedule(at: next) {
            self.assumeIsolated {
                $0.look(at: name)
                $0.poke()
            }
        }
        names[name] = KnownName(meaning: .unfinished(status, until: until, timer), seenInScan: scanNumber)
    }

    private func admit(_ task: QueuedTask, _ record: TaskRecord) throws(SystemCallError) {
        if let claim = claims[task.id] {
            dispose(
                of: task,
                isRepeat: claim.state.digest == record.contentDigest,
                earlier: "a task that is being worked on"
            )
            return
        }
        if let entry = scheduler[task.id], entry.task.fileName != task.fileName,
            case .task(let other, let otherRecord) = try queue.inspect(entry.task.fileName), other.id == task.id
        {
            let isRepeat = otherRecord.contentDigest == record.contentDigest
            dispose(of: task, isRepeat: isRepeat, earlier: "the queued file \(other.fileName)")
            return
        }
        if startsAtOnce(task) {
            // Its claim looks for a result, too, after what keeps others from making one.
            if activeCount == 0 { announce(task) }
        } else if try queue.shelf.location(of: task.id) != nil {
            let isRepeat = try queue.shelf.result(of: task.id)?.taskDigest == record.contentDigest
            dispose(of: task, isRepeat: isRepeat, earlier: "a task that has a result")
            return
        }
        names[task.fileName] = KnownName(meaning: .queued(task.id), seenInScan: scanNumber)
        try enqueue(task, isClaimed: false)
    }

    /// Puts a task into the scheduler, unless one of its dependencies has failed or waits for it.
    func enqueue(
        _ task: QueuedTask,
        isClaimed: Bool,
        retryAt: ContinuousClock.Instant? = nil
    ) throws(SystemCallError) {
        // Watch first, then look.
        if !task.dependencies.isEmpty { watchResults() }
        var unmet: Set<TaskID> = []
        for dependency in task.dependencies where dependency != task.id {
            switch try queue.shelf.result(of: dependency)?.status {
            case .completed: continue
            case .failed, .cancelled:
                scheduler.enqueue(task, isClaimed: isClaimed, now: now)
                if let entry = scheduler.remove(task.id) { giveUp(entry, becauseOf: dependency) }
                return
            case nil: unmet.insert(dependency)
            }
        }
        if task.dependencies.contains(task.id) { unmet.insert(task.id) }
        scheduler.enqueue(task, isClaimed: isClaimed, unmet: unmet, retryAt: retryAt, now: now)
        // Not before the worker runs: at start, all requests are carried out together.
        if cancels[task.id] != nil { carryOutRequest(for: task.id) }
        guard !unmet.isEmpty else { return }
        for member in scheduler.cycle(through: task.id, elsewhere: queue.dependenciesElsewhere) {
            guard let entry = scheduler.remove(member) else { continue }
            let failure = Failure(
                reason: .dependencyFailed,
                message: "dependencies: \(member) waits for itself; submit it without the ring",
                isPermanent: true
            )
            pending.append(.condemn(entry, .dependencyCycle, failure))
        }
    }

    func giveUp(_ entry: Scheduler.Entry, becauseOf dependency: TaskID) {
        let failure = Failure(
            reason: .dependencyFailed,
            message: "dependencies: \(dependency) did not complete; run it again, then this one",
            isPermanent: true
        )
        pending.append(.condemn(entry, .dependencyFailed, failure))
    }

    func dispose(of task: QueuedTask, isRepeat: Bool, earlier: String) {
        if isRepeat {
            do throws(SystemCallError) {
                if let identity = task.identity { try queue.discard(task.fileName, identity) }
                names[task.fileName] = nil
                logger.info(
                    "repeated submission ignored",
                    metadata: ["task_id": .string(task.id.string), "file": "\(task.fileName)"]
                )
            } catch {
                logger.warning("repeat cannot be removed", metadata: ["error": "\(error)"])
            }
            return
        }
        let message = "task_id: \(task.id) belongs to \(earlier); choose another id, or use submit --replace"
        refuse(task.fileName, TaskRejection(reason: .duplicateTaskID, field: "task_id", message: message))
    }

    func reject(_ name: FileName, _ rejection: TaskRejection) async {
        let file = await persisted("dead letter") { () async throws(SystemCallError) in
            try self.queue.setAside(name, now: self.now.wall)
        }
        names[name] = nil
        guard let file, let file else { return }
        // From here on the file is no longer in the inbox, so that only this can be tried again.
        let done: Void? = await persisted("reason of a dead letter") { () async throws(SystemCallError) in
            try await self.queue.explain(file, rejection, now: self.now.wall)
        }
        guard done != nil else { return }
        stats.deadLettered += 1
        metrics.deadLettered(rejection.reason)
        emit(
            .fileRejected,
            [
                "file": .string(name.description), "dead_letter": .string(file.letter.description),
                "reason": .string(rejection.reason.rawValue), "error": .string(rejection.message),
            ]
        )
        logger.error(
            "file is no task, moved to the dead letters",
            metadata: [
                "file": "\(name)", "dead_letter": "\(file.letter)", "reason": .string(rejection.reason.rawValue),
                "error": .string(rejection.message),
            ]
        )
    }
}
