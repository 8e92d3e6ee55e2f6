// SPDX-License-Identifier: Apache-2.0
// The daemon's pages for monitoring.

import QueueModel
import TestSupport

extension DaemonFixture {
    /// The port of the daemon that was started last.
    func port() async throws -> UInt16 {
        let pid = try daemon.pid
        let address = try await eventually("line with the address", in: [scratch.path]) { [self] in
            let own = logEntries().drop { $0["message"] != "starting" || $0["pid"]?.stringValue != "\(pid)" }
            return own.first { $0["message"] == "listening" }?["address"]?.stringValue
        }
        guard let digits = address.split(separator: ":").last, let port = UInt16(digits) else {
            throw NoPage("no port in \(address)")
        }
        return port
    }

    /// Asks for a page.
    func page(_ path: String) async throws -> Page {
        try await Page.get(path, port: port())
    }
}
