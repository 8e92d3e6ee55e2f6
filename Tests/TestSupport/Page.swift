// SPDX-License-Identifier: Apache-2.0
// A page of a server on loopback, as a scraper sees it.

import Glibc
import SystemKit

/// An answer of a server on loopback.
package struct Page: Sendable {
    /// The status code.
    package let status: Int
    /// The status line and the headers.
    package let head: String
    /// The body.
    package let body: String

    /// Asks for a page, and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - path: Which page.
    ///   - port: The server's port.
    /// - Returns: The answer.
    /// - Throws: ``NoPage`` when there is none, `SystemCallError` when the connection breaks.
    package static func get(_ path: String, port: UInt16) async throws -> Page {
        try await blocking {
            let socket = OwnedDescriptor(adopting: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket.rawValue, $0, length) }
            }
            guard connected == 0 else { throw NoPage("connect: \(Errno(rawValue: errno))") }
            let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            try socket.write(all: Array(request.utf8))
            let answer = String(decoding: try socket.readAll(limit: 1 << 24), as: UTF8.self)
            guard let end = answer.firstRange(of: "\r\n\r\n"), let status = Int(answer.dropFirst(9).prefix(3)) else {
                throw NoPage("no answer: \(answer)")
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
package struct NoPage: Error, CustomStringConvertible {
    /// The reason.
    package let description: String

    /// There is no page.
    ///
    /// - Parameter description: The reason.
    package init(_ description: String) { self.description = description }
}
