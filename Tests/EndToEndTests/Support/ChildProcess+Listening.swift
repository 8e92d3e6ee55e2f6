// SPDX-License-Identifier: Apache-2.0
// Where a process can be reached.

import SystemKit
import TestSupport

extension ChildProcess {
    /// The addresses at which somebody listens on a port where the process runs, by the kernel's own table.
    ///
    /// - Parameter port: The port.
    /// - Returns: The addresses of IPv4 and IPv6 in hexadecimal, as the kernel writes them.
    /// - Throws: `SystemCallError` when the table cannot be read.
    func listeningAddresses(of port: UInt16) throws -> [String] {
        let suffix = ":" + String(port, radix: 16, uppercase: true)
        let net = try Directory.open("/proc/\(pid)/net")
        return try ["tcp", "tcp6"].flatMap { table in
            try String(decoding: net.read(FileName(table), limit: 1 << 22) ?? [], as: UTF8.self).split(separator: "\n")
        }
        .compactMap { line in
            let address = line.split(separator: " ").dropFirst().first.map(String.init)
            guard let address, address.hasSuffix(suffix), line.contains(" 0A ") else { return nil }
            return String(address.dropLast(suffix.count))
        }
    }
}
