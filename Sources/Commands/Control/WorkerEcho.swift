// SPDX-License-Identifier: Apache-2.0
// Asks a running worker for something, and waits until its heartbeat shows that it was done.

import FileQueue
import QueueModel
import Settings
import SystemKit

/// A command to one worker, and the wait for its effect.
struct WorkerEcho {
    /// The worker.
    let worker: WorkerID
    /// Its settings.
    let settings: VigilSettings
    /// A daemon that lives answers at once; this is for machines that are busy.
    private static let patience = Duration.seconds(10)

    /// Prepares to ask a worker; one that no setting and no file speaks of is refused.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - queue: Which queue.
    /// - Throws: `SettingsError`, and `CommandFailure` with the names that are known.
    init(_ worker: WorkerID, _ queue: QueueOptions) throws { try self.init(worker, queue.load()) }

    /// Prepares to ask a worker; one that no setting and no file speaks of is refused.
    /// - Parameters:
    ///   - worker: The worker.
    ///   - loaded: The settings.
    /// - Throws: `CommandFailure` with the names that are known.
    init(_ worker: WorkerID, _ loaded: LoadedSettings) throws {
        self.worker = worker
        settings = loaded.settings(for: worker)
        let known: Set<WorkerID>
        do {
            known = Set(try QueueView.existing(locations).workers() + settings.workers)
        } catch let error as SystemCallError { throw CommandFailure(error) }
        if known.contains(worker) { return }
        let names = known.sorted().map(\.string).joined(separator: ", ")
        throw CommandFailure(.failed, "there is no worker \(worker); known are \(names)")
    }

    /// The queue's directories.
    var locations: QueueLocations { QueueLocations(settings) }

    /// Why no daemon serves the worker; nil when one does.
    /// - Throws: `CommandFailure` when nothing is known of such a worker, or the locks cannot be looked at.
    func absence() throws -> String? {
        let view = try QueueView.existing(locations)
        do throws(SystemCallError) {
            let presence = try WorkerPresence(of: worker, in: view, interval: settings.heartbeatInterval)
            return presence.absence(now: .present(), workers: settings.workers)
        } catch { throw CommandFailure(error) }
    }

    /// Writes one line to the worker's control pipe.
    /// - Parameter command: The command as a JSON object.
    /// - Throws: `CommandFailure` when no daemon is there, or its pipe is not.
    func send(_ command: JSONObject) throws {
        if let absence = try absence() { throw CommandFailure(.noDaemon, absence) }
        do throws(SystemCallError) {
            let pipes = try Directory.open(locations.pipes)
            let pipe = try pipes.openPipe(PipeName.control(of: worker), for: .writing)
            try pipe.write(all: JSONWriter.bytes(.object(command)) + [UInt8(ascii: "\n")])
        } catch { throw refusal(of: error) }
    }

    private func refusal(of error: SystemCallError) -> CommandFailure {
        switch error.errno {
        case .noEntry, .noDeviceOrAddress, .invalidArgument, .loop:
            CommandFailure(.noDaemon, "the daemon of \(worker) does not listen: \(error); look at its log")
        case .again: CommandFailure(.unavailable, "the daemon of \(worker) does not read its control pipe; try again")
        default: CommandFailure(error)
        }
    }

    /// Waits until the worker's heartbeat shows something.
    /// - Parameters:
    ///   - limit: The longest wait; nil for what a daemon that lives needs at most.
    ///   - isDone: Whether a heartbeat shows it.
    /// - Returns: The heartbeat.
    /// - Throws: `CommandFailure` when it does not come in time, and the exit code of an interruption.
    func heartbeat(
        within limit: Duration? = WorkerEcho.patience,
        where isDone: @escaping @Sendable (HeartbeatRecord) -> Bool
    ) throws -> HeartbeatRecord {
        let (worker, locations) = (worker, locations)
        let deadline = limit.map { ContinuousClock.now.advanced(by: $0) }
        let found = try Following.run(settings, for: .caller) { following -> HeartbeatRecord? in
            let view = try QueueView(locations: locations)
            let changes = following.changes()
            defer { changes.stop() }
            let name = FileName(worker.string, ".json")
            changes.watch(try Directory.create(locations.heartbeats)) { $0 == name }
            while true {
                if let heartbeat = view.heartbeat(of: worker), isDone(heartbeat) { return heartbeat }
                if let deadline, ContinuousClock.now >= deadline { return nil }
                _ = await changes.next(until: deadline)
            }
        }
        guard let found else { throw CommandFailure(.interrupted, "interrupted; \(worker) does it all the same") }
        guard let found else {
            throw CommandFailure(.timedOut, "\(worker) did not answer in time; see: vigil status")
        }
        return found
    }
}
