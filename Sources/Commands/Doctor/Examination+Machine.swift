// SPDX-License-Identifier: Apache-2.0
// What the machine grants: events, ports, control groups.

import QueueModel
import Settings
import Supervision
import SystemKit

extension Examination {
    func inotifyFindings(on reactor: Reactor) -> [Finding] {
        let limits =
            "max_user_instances \(limit("max_user_instances")), max_user_watches \(limit("max_user_watches"))"
        do throws(SystemCallError) {
            let watcher = try DirectoryWatcher(reactor: reactor)
            defer { watcher.stop() }
            _ = try watcher.add(Directory.open("/")) { _ in }
            return [.ok("inotify", "events can be had (\(limits))")]
        } catch {
            let isInstances = error.errno == .tooManyOpenFiles
            let name = isInstances ? "max_user_instances" : "max_user_watches"
            return [
                .warning(
                    "inotify",
                    "no events can be had: \(error) (\(limits)); inboxes are scanned every "
                        + DurationText.format(settings.pollInterval),
                    remedy: "sysctl fs.inotify.\(name)=\(isInstances ? 1024 : 524_288)"
                )
            ]
        }
    }

    private func limit(_ name: String) -> String {
        // Only for people; a kernel without it has no inotify either, and that is reported.
        let bytes = (try? HostPath.read("/proc/sys/fs/inotify/\(name)", limit: 64)) ?? nil
        let text = String(decoding: bytes ?? [], as: UTF8.self).prefix { $0 != "\n" }
        return text.isEmpty ? "unknown" : String(text)
    }

    /// Whether the port of the metrics can be had.
    /// - Parameter isServed: Whether a daemon runs that may hold the port itself.
    /// - Returns: One finding.
    func portFindings(isServed: Bool) -> [Finding] {
        guard settings.enableMetrics else { return [.ok("ports", "metrics are off (ENABLE_METRICS)")] }
        guard settings.metricsPort != 0 else { return [.ok("ports", "metrics take any free port")] }
        let port = settings.metricsPort
        do throws(SystemCallError) {
            _ = try StreamListener(address: .internet(host: "127.0.0.1", port: UInt16(clamping: port)))
            return [.ok("ports", "METRICS_PORT \(port) is free")]
        } catch {
            if error.errno == .addressInUse && isServed {
                return [.ok("ports", "METRICS_PORT \(port) is in use, as it should be while a daemon runs")]
            }
            return [
                .warning(
                    "ports",
                    "METRICS_PORT \(port) cannot be had: \(error.errno); workers run without metrics",
                    remedy: "set METRICS_PORT to a free port, or to 0 for any"
                )
            ]
        }
    }

    func cgroupFindings() -> [Finding] {
        if let parent = CgroupLocation.usableParent() {
            return [.ok("cgroup", "attempts get control groups below \(parent)")]
        }
        return [.ok("cgroup", "none can be made here; processes of an attempt are found by their environment instead")]
    }
}
