// SPDX-License-Identifier: Apache-2.0
// A page of a server on loopback, as a scraper sees it.

import Glibc
package import SystemKit

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
        try await send("GET", path, port: port)
    }

    /// Sends a request, and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The target.
    ///   - headers: Header fields; a `Host` takes the place of `localhost`.
    ///   - body: The body; none when nil.
    ///   - port: The server's port.
    /// - Returns: The answer.
    /// - Throws: ``NoPage`` when there is none, `SystemCallError` when the connection breaks.
    package static func send(
        _ method: String,
        _ path: String,
        _ headers: [String: String] = [:],
        body: String? = nil,
        port: UInt16
    ) async throws -> Page {
        let request = request(method, path, headers, body)
        return try await blocking { try exchange(request, connection(to: port)) }
    }

    /// Asks for a page over a socket file, and waits for the whole answer.
    ///
    /// - Parameters:
    ///   - path: The target.
    ///   - file: The socket file.
    /// - Returns: The answer.
    /// - Throws: ``NoPage`` when there is none, `SystemCallError` when the connection breaks.
    package static func get(_ path: String, file: String) async throws -> Page {
        let request = request("GET", path, [:], nil)
        return try await blocking {
            let socket = OwnedDescriptor(adopting: Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let length = socklen_t(MemoryLayout<sockaddr_un>.size)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: file.utf8.prefix($0.count - 1)) }
            let connected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket.rawValue, $0, length) }
            }
            guard connected == 0 else { throw NoPage("connect: \(Errno(rawValue: errno))") }
            return try exchange(request, socket)
        }
    }

    private static func request(
        _ method: String,
        _ path: String,
        _ headers: [String: String],
        _ body: String?
    ) -> String {
        var fields = ["Host": "localhost", "Connection": "close"].merging(headers) { _, own in own }
        fields["Content-Length"] = body.map { "\($0.utf8.count)" }
        let lines = fields.map { "\($0.key): \($0.value)\r\n" }.joined()
        return "\(method) \(path) HTTP/1.1\r\n\(lines)\r\n\(body ?? "")"
    }

    private static func exchange(_ request: String, _ socket: borrowing OwnedDescriptor) throws -> Page {
        try socket.write(all: Array(request.utf8))
        return try Page(answer: String(decoding: try socket.readAll(limit: 1 << 24), as: UTF8.self))
    }

    private init(answer: String) throws {
        guard let end = answer.firstRange(of: "\r\n\r\n"), let status = Int(answer.dropFirst(9).prefix(3)) else {
            throw NoPage("no answer: \(answer)")
        }
        self.status = status
        head = String(answer[..<end.lowerBound])
        body = String(answer[end.upperBound...])
    }

    /// Connects to a server on loopback.
    ///
    /// - Parameter port: The server's port.
    /// - Returns: The socket.
    /// - Throws: ``NoPage`` when nobody listens.
    package static func connection(to port: UInt16) throws -> OwnedDescriptor {
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
        return socket
    }

    /// The value of a header field; nil when it is not there.
    ///
    /// - Parameter name: The field's name, as the server writes it.
    package subscript(name: String) -> String? {
        let lines = head.split(separator: "\r\n").dropFirst()
        let line = lines.first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
        return line.map { String($0.dropFirst(name.utf8.count + 2)) }
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
