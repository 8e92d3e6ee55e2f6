// SPDX-License-Identifier: Apache-2.0
// Whether the directories are there and can be used.

import FileQueue
import QueueModel
import Settings
import SystemKit

extension Examination {
    func directoryFindings() -> [Finding] {
        var missing: [String] = []
        var findings: [Finding] = []
        let layout = QueueLayout(locations: locations, workers: workers)
        for path in [settings.root] + layout.all {
            do throws(SystemCallError) {
                guard let status = try HostPath.status(of: path) else {
                    missing.append(path)
                    continue
                }
                findings += judge(path, status)
            } catch {
                findings.append(
                    .problem("directories", "\(path) cannot be looked at: \(error.errno)", remedy: Self.ownership)
                )
            }
        }
        if !missing.isEmpty { findings.append(judgeMissing(missing)) }
        findings += deviceFindings()
        if findings.isEmpty {
            findings.append(.ok("directories", "all \(layout.all.count) are there, and can be written to"))
        }
        return findings
    }

    private static let ownership = "give it to the user of the daemons, or run as the user that owns it"

    private func judge(_ path: String, _ status: FileStatus) -> [Finding] {
        guard status.kind == .directory else {
            return [.problem("directories", "\(path) is not a directory", remedy: "move it away, then vigil setup")]
        }
        do throws(SystemCallError) { try HostPath.checkMayChange(path) } catch {
            return [.problem("directories", "\(path) cannot be written to: \(error.errno)", remedy: Self.ownership)]
        }
        // The permissions of an inbox decide who may have agents work.
        if status.permissions & 0o002 != 0, path.hasPrefix(locations.tasks) {
            return [
                .warning(
                    "directories",
                    "every user of this machine may put tasks into \(path)",
                    remedy: "chmod o-w \(path), unless that is meant"
                )
            ]
        }
        return []
    }

    private func judgeMissing(_ missing: [String]) -> Finding {
        // Without the root there is nothing else either.
        let shown = missing[0] == settings.root ? 1 : 3
        let names = missing.prefix(shown).joined(separator: ", ")
        let more = missing.count > shown ? " and \(missing.count - shown) more" : ""
        let parent = nearestExisting(above: missing[0])
        do throws(SystemCallError) { try HostPath.checkMayChange(parent) } catch {
            return .problem(
                "directories",
                "missing, and \(parent) cannot be written to (\(error.errno)): \(names)\(more)",
                remedy: "make them, and give them to the user of the daemons"
            )
        }
        return .warning(
            "directories",
            "missing: \(names)\(more)",
            remedy: "vigil setup makes them, and so does a start"
        )
    }

    private func nearestExisting(above path: String) -> String {
        var path = path[...]
        while let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            path = path[..<slash]
            // What cannot be looked at is there.
            guard (try? HostPath.status(of: String(path))) == .some(nil) else { return String(path) }
        }
        return "/"
    }

    /// A claim and a dead letter are renames, which do not cross file systems.
    private func deviceFindings() -> [Finding] {
        // Missing ones are reported above.
        let tasks = (try? HostPath.status(of: locations.tasks))?.identity.device
        let letters = (try? HostPath.status(of: locations.deadLetters))?.identity.device
        guard let tasks, let letters, tasks != letters else { return [] }
        return [
            .problem(
                "directories",
                "\(locations.tasks) and \(locations.deadLetters) are on two file systems",
                remedy: "set TASK_DIR or DLQ_DIR so that both are on one"
            )
        ]
    }

    func fileSystemFindings() -> [Finding] {
        let path = nearestExisting(above: locations.tasks + "/.")
        do throws(SystemCallError) {
            let kind = try SystemInfo.fileSystemKind(of: path)
            if FileSystemEvents.areReported(by: kind) {
                return [.ok("file_system", "\(kind) tells of new tasks at once")]
            }
            return [
                .warning(
                    "file_system",
                    "\(kind) does not tell of all changes, so that inboxes are scanned every "
                        + DurationText.format(settings.pollInterval),
                    remedy: "use a local file system, or live with it"
                )
            ]
        } catch {
            return [.warning("file_system", "\(path): \(error)", remedy: "see whether the file system is mounted")]
        }
    }
}
