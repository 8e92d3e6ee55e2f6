// SPDX-License-Identifier: Apache-2.0
// The metrics of this process itself, read from the kernel for each page.

import SystemKit

/// The `process_*` metrics, under the names that client libraries of Prometheus agree on.
package struct ProcessMetrics: Sendable {
    private let startSeconds: Double?

    /// Creates the collector of this process.
    package init() {
        startSeconds = Self.readStartSeconds()
    }

    /// Appends the metrics to a page; what the kernel does not tell is left out.
    ///
    /// - Parameter bytes: Where they are appended.
    package func emit(into bytes: inout [UInt8]) {
        func emit(_ name: String, _ kind: MetricFamily.Kind, _ value: Double?, _ help: String) {
            guard let value else { return }
            bytes.append(contentsOf: PrometheusText.header(MetricFamily(name, kind, help: help)).utf8)
            bytes.append(contentsOf: "\(name) \(PrometheusText.value(value))\n".utf8)
        }
        let memory = Double(SystemInfo.residentBytes())
        emit("process_cpu_seconds_total", .counter, SystemInfo.cpuSeconds(), "Processor time used, in seconds.")
        emit("process_resident_memory_bytes", .gauge, memory, "Memory held in RAM, in bytes.")
        emit("process_start_time_seconds", .gauge, startSeconds, "Start of the process, in seconds since 1970.")
        emit("process_open_fds", .gauge, Double(SystemInfo.openDescriptors()), "Open file descriptors.")
        emit("process_max_fds", .gauge, Double(SystemInfo.maxDescriptors()), "Most file descriptors allowed.")
        emit("process_threads", .gauge, Self.readThreadCount(), "Threads of the process.")
    }

    private static func readThreadCount() -> Double? {
        var count = 0.0
        do {
            try Directory.open("/proc/self/task").names { _ in
                count += 1
                return true
            }
        } catch {
            // Without /proc the page goes without it.
            return nil
        }
        return count
    }

    /// The boot time of proc_stat(5) and the start time of proc_pid_stat(5) after it.
    private static func readStartSeconds() -> Double? {
        // Without /proc the page goes without it.
        guard let bytes = try? Directory.open("/proc").read("stat", limit: 1 << 20) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("btime ") }), let boot = Double(line.dropFirst(6)) else {
            return nil
        }
        // The kernel shows ticks of 1/100 s to programs, whatever its own are: USER_HZ.
        return boot + Double(ProcessIdentity.current.startTicks) / 100
    }
}
