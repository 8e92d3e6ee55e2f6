// SPDX-License-Identifier: Apache-2.0
// Follows the heartbeats of all workers.

import FileQueue
import QueueModel
import SystemKit

extension Orchestrator {
    /// Begins with what lies there: old or new, it is no sign of life.
    func beginHealth(_ standings: [WorkerID: WorkerStanding]) async throws {
        let directory = try Directory.create(configuration.locations.heartbeats)
        var workers = Set(standings.keys).union(configuration.workers)
        try directory.names { name in
            if name.hasSuffix(".json"), let worker = WorkerID(bytes: name.bytes.dropLast(5)) { workers.insert(worker) }
            return true
        }
        for worker in workers.sorted() {
            let (record, change) = heartbeat(of: worker, in: directory)
            readBeats[worker] = change
            health[worker] = WorkerHealth(
                worker,
                standing: standings[worker] ?? WorkerStanding(),
                found: record,
                now: clock.now
            )
        }
        scheduleHealth()
    }

    /// Expects heartbeats of a worker that was not known before.
    func expect(_ worker: WorkerID) {
        guard health[worker] == nil else { return }
        health[worker] = WorkerHealth(worker, standing: WorkerStanding(), found: nil, now: clock.now)
        scheduleHealth()
    }

    func listBeats() {
        guard let directory = places[.heartbeats]?.directory else { return }
        do throws(SystemCallError) {
            try directory.names { name in
                if name.hasSuffix(".json"), let worker = WorkerID(bytes: name.bytes.dropLast(5)) {
                    beats.insert(worker)
                }
                return true
            }
        } catch { raise("heartbeats", error) }
    }

    private func heartbeat(of worker: WorkerID, in directory: Directory) -> (HeartbeatRecord?, Int64?) {
        let name = FileName(worker.string, ".json")
        // A heartbeat that cannot be read is none.
        let sighting = try? witness.look(at: name, in: .heartbeats, directory)
        let status = try? directory.status(of: name)
        guard case .heartbeat(let record) = sighting else { return (nil, status?.modifiedNanoseconds) }
        return (record, status?.modifiedNanoseconds)
    }

    /// Takes a heartbeat in, if it is another one than before.
    func readBeat(of worker: WorkerID) async throws {
        guard let directory = places[.heartbeats]?.directory else { return }
        // A small file that was just written: it is read from memory.
        let (record, change) = heartbeat(of: worker, in: directory)
        guard let record, record.worker == worker, readBeats[worker] != change else { return }
        expect(worker)
        guard var state = health[worker] else { return }
        let before = state.standing
        let news = state.arrived(record, at: clock.now, wall: now)
        try await tell(news, of: worker, before, state)
        readBeats[worker] = change
    }

    func checkHealth() async throws {
        for worker in health.keys.sorted() {
            guard var state = health[worker] else { continue }
            let before = state.standing
            let news = state.checked(at: clock.now, patience: configuration.heartbeatPatience, wall: now)
            try await tell(news, of: worker, before, state)
        }
        scheduleHealth()
    }

    /// What was told is noted only together with the telling.
    private func tell(
        _ news: [Announcement],
        of worker: WorkerID,
        _ before: WorkerStanding,
        _ state: WorkerHealth
    ) async throws {
        if !news.isEmpty || state.standing != before {
            let (now, patience) = (now, configuration.patience)
            try await reactor.offload { [clerk] in
                Result { try clerk.store.tell(news, of: worker, state.standing, at: now, patience) }
            }.get()
        }
        health[worker] = state
        noteTold(news.count)
        if timers[.health] == nil { scheduleHealth() }
    }

    /// Only the next deadline needs a timer; heartbeats move it away without touching the timer.
    private func scheduleHealth() {
        let deadlines = health.values.compactMap { $0.deadline(patience: configuration.heartbeatPatience) }
        guard let next = deadlines.min(), !isStopping else { return }
        schedule(.health, at: next) {
            $0.mustCheckHealth = true
            $0.intakeBell.ring()
        }
    }
}
