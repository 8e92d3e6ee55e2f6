// SPDX-License-Identifier: Apache-2.0
// Everything that `vigil doctor` looks at, in order.

import Agents
import FileQueue
import QueueModel
import Settings
import SystemKit

/// One examination of this machine and a queue, which changes nothing.
struct Examination: Sendable {
    let loaded: LoadedSettings
    let environment: [String: String]
    let host: String
    let now: Timestamp
    /// Marks the processes that the examination starts.
    let runID: String
    /// The workers whose directories and agents matter here.
    private(set) var workers: [WorkerID]

    /// Prepares an examination.
    /// - Parameters:
    ///   - loaded: The settings.
    ///   - environment: That of the daemons, as far as this process has the same.
    ///   - host: The name of this machine.
    ///   - now: The wall-clock time.
    ///   - runID: Marks the processes that the examination starts.
    init(loaded: LoadedSettings, environment: [String: String], host: String, now: Timestamp, runID: String) {
        self.loaded = loaded
        self.environment = environment
        self.host = host
        self.now = now
        self.runID = runID
        workers = loaded.settings.workers
    }

    var settings: VigilSettings { loaded.settings }
    var locations: QueueLocations { QueueLocations(settings) }

    /// Looks at everything.
    /// - Parameter reactor: Waits for the programs that are asked for their versions.
    /// - Returns: What was found, in the order in which it is shown.
    func findings(on reactor: Reactor) async -> [Finding] {
        let queue = queueState()
        var examination = self
        // A queue that is in use says better than the default names whom it is for.
        if let found = queue.state?.conditions.map(\.0), !found.isEmpty { examination.workers = found }
        return await examination.findings(queue.state, on: reactor) + queue.findings + (queue.state?.findings ?? [])
    }

    private func findings(_ queue: QueueState?, on reactor: Reactor) async -> [Finding] {
        let isServed = queue?.conditions.contains { $0.1.isAlive } ?? false
        return settingsFindings() + userFindings() + directoryFindings() + fileSystemFindings()
            + inotifyFindings(on: reactor) + supervisorFindings() + (await agentFindings(on: reactor))
            + promptFindings() + portFindings(isServed: isServed) + cgroupFindings()
    }

    private func settingsFindings() -> [Finding] {
        let file = settings.configurationFile.map { "read \($0)" } ?? "there is no configuration file"
        let count = loaded.rows().count { $0.source != .default }
        let given = count == 0 ? "all settings have their defaults" : "\(count) set, see vigil config"
        var findings: [Finding] = [
            .ok("settings", "the root is \(settings.root); \(file); \(given)")
        ]
        if settings.durability == .relaxed {
            findings.append(
                .warning(
                    "settings",
                    "DURABILITY is relaxed: a power cut may lose or repeat the tasks of the last seconds",
                    remedy: "set it to full unless the work can be repeated"
                )
            )
        }
        return findings
    }

    private func userFindings() -> [Finding] {
        let user = SystemInfo.effectiveUserID
        // What is not there is reported with the directories.
        let owner = (try? HostPath.status(of: locations.tasks))?.owner
        if let owner, owner != user {
            return [
                .warning(
                    "user",
                    "this is user \(user), and the queue belongs to user \(owner)",
                    remedy: "run vigil doctor as the user that the daemons run as"
                )
            ]
        }
        if user == 0 {
            return [
                .warning(
                    "user",
                    "agents of a daemon that runs as root can do anything on this machine",
                    remedy: "run Vigil as a user of its own"
                )
            ]
        }
        return [.ok("user", "the queue is for user \(user)")]
    }
}
