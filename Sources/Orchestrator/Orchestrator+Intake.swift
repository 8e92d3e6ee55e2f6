// SPDX-License-Identifier: Apache-2.0
// Takes in what has changed, a batch at a time.

import FileQueue
import Logging
import QueueModel
import SystemKit

extension Orchestrator {
    /// The most files that share a transaction.
    private static let batchSize = 256
    /// The most files that are remembered for saying nothing.
    private static let muteLimit = 10_000
    private static let retryDelay = Duration.seconds(1)

    /// Works on everything that comes, until the end.
    func takeIn() async {
        while true {
            do {
                let goesOn = try await takeNext()
                clear("intake")
                if scans.isEmpty && looks.count < Self.batchSize { becameReady() }
                if goesOn { continue }
                if isStopping { break }
            } catch {
                raise("intake", error)
                // At the end there is no other try: the next start finds the same files.
                if isStopping { break }
                schedule(.retryIntake, at: clock.now.advanced(by: Self.retryDelay)) { $0.retryIntake() }
            }
            await intakeBell.wait()
        }
        isIntakeOver = true
        outboxBell.ring()
    }

    private func retryIntake() {
        intakeBell.ring()
        for place in places.keys { scan(place) }
    }

    /// Does one thing that is to be done.
    /// - Returns: False when there is nothing.
    private func takeNext() async throws -> Bool {
        if !clerkIsInPlace { try await replaceStore() }
        if let worker = beats.popFirst() {
            try await readBeat(of: worker)
        } else if mustCheckHealth {
            mustCheckHealth = false
            try await checkHealth()
        } else if mustCheckDue {
            mustCheckDue = false
            try await checkDue()
        } else if !looks.isEmpty {
            try await takeBatch()
        } else if let place = scans.first {
            try await scanNow(place)
        } else {
            return false
        }
        return true
    }

    private func takeBatch() async throws {
        let batch = Array(looks.prefix(Self.batchSize))
        looks.removeFirst(batch.count)
        // A file that changes from now on is looked at again.
        isListed.subtract(batch)
        let directories = places.mapValues(\.directory)
        let (now, patience) = (now, configuration.patience)
        let result = await reactor.offload { [clerk] in
            Result { try clerk.take(batch, directories, at: now, patience) }
        }
        do {
            let outcome = try result.get()
            if mute.count > Self.muteLimit { mute = [:] }
            mute.merge(outcome.mute) { $1 }
            noteDue(outcome.nextDue)
            noteTold(outcome.told)
            isSnapshotStale = true
            scheduleSnapshot()
        } catch {
            for look in batch where isListed.insert(look).inserted { looks.append(look) }
            throw error
        }
    }

    private func scanNow(_ place: QueuePlace) async throws {
        guard let directory = places[place]?.directory else {
            scans.removeAll { $0 == place }
            return
        }
        let (now, mute, last) = (now, mute, scanned[place])
        let finding = try await reactor.offload { [clerk] in
            Result { try clerk.scan(place, directory, behind: last, mute: mute, at: now, limit: Self.scanLimit) }
        }.get()
        // What was not listed any more is found when these are dealt with.
        scanned[place] = finding.last
        if finding.last == nil { scans.removeAll { $0 == place } }
        for name in finding.news { look(at: Look(place: place, name: name)) }
    }

    /// Finds tasks overdue and groups complete.
    private func checkDue() async throws {
        let (now, patience) = (now, configuration.patience)
        let (told, next) = try await reactor.offload { [clerk] in
            Result {
                let told = try clerk.store.checkDue(at: now, patience)
                return (told, try clerk.store.nextDue(patience))
            }
        }.get()
        noteDue(next)
        noteTold(told)
    }

    private func noteDue(_ time: Timestamp?) {
        guard let time else { return }
        let distance = min(time.since(now), .seconds(86_400))
        schedule(.due, at: clock.now.advanced(by: distance)) {
            $0.mustCheckDue = true
            $0.intakeBell.ring()
        }
    }

    func noteTold(_ count: Int) {
        guard count > 0 else { return }
        isSnapshotStale = true
        outboxBell.ring()
    }

    // MARK: A database that was removed

    /// Asked where it is cheap: a look at one name.
    private var clerkIsInPlace: Bool { clerk.store.isInPlace() }

    private func replaceStore() async throws {
        logger.error("database was removed, made again from the queue's files")
        let keeper = StoreKeeper(configuration, notifications: notifications, logger: logger)
        let now = now
        let store = try await reactor.offload { Result { try keeper.open(at: now) } }.get()
        clerk = Clerk(store: store, witness: witness)
        mute = [:]
        for place in places.keys { scan(place) }
        mustCheckDue = true
    }
}
