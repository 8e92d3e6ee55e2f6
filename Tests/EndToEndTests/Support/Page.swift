// SPDX-License-Identifier: Apache-2.0
// The daemon's pages for monitoring, as a scraper sees them.

import Glibc
import QueueModel
import SystemKit
import TestSupport

/// An answer of the daemon's server.
struct Page: Sendable {
    let status: Int
    let head: String
    let body: String
}

extension DaemonFixture {
    /// The port of the daemon that was started last.
    func port() async throws -> UInt16 {
        let pid = try daemon.pid
        let address = try await eventually("line with the address", in: [scratch.path]) { [self] in
            let own = logEntries().drop { $0["message"] != "starting" || $0["pid"]?.stringValue != "\(pid)" }
            return own.first { $0["message"] == "listening" }?["address"]?.stringValue
        }
        guard let digits = address.split(separator: ":").last, let port = UInt16(digits) else {
            throw NoPage(description: "no port in \(address)")
        }
        return port
    }

    /// Asks for a page.
    func page(_ path: String) async throws -> Page {
        let port = try await port()
        return try await blocking {
            let socket = OwnedDescriptor(adopting: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket.rawValue, $0, length) }
            }
            guard connected == 0 else { throw NoPage(description: "connect: \(Errno(rawValue: errno))") }
            let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            try socket.write(all: Array(request.utf8))
            let answer = String(decoding: try socket.readAll(limit: 1 << 24), as: UTF8.self)
            guard let end = answer.firstRange(of: "\r\n\r\n"), let status = Int(answer.dropFirst(9).prefix(3)) else {
                throw NoPage(description: "no answer: \(answer)")
            }
            return Page(
                status: status,
                head: String(answer[..<end.lowerBound]),
                body: String(answer[end.upperBound...])
            )
        }
    }
}

/// Why there is no page.
struct NoPage: Error, CustomStringConvertible {
    let description: String
}
