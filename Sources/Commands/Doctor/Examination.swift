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

    var settings: VigilSettings { loaded.settings }
    var locations: QueueLocations { QueueLocations(settings) }

    /// Looks at everything.
    /// - Parameter reactor: Waits for the programs that are asked for their versions.
    /// - Returns: What was found, in the order in which it is shown.
    func findings(on reactor: Reactor) async -> [Finding] {
        let queue = queueState()
        return settingsFindings() + userFindings() + directoryFindings() + fileSystemFindings()
            + inotifyFindings(on: reactor) + supervisorFindings() + (await agentFindings(on: reactor))
            + promptFindings() + portFindings(isServed: queue.state?.conditions.contains { $0.1.isAlive } ?? false)
            + cgroupFindings() + queue.findings + (queue.state?.findings ?? [])
    }

    /// The workers whose daemons and agents matter here.
    var workers: [WorkerID] { settings.workers }

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
