// SPDX-License-Identifier: Apache-2.0
// The cookie that carries a session (RFC 6265).

package import HTTPServer

/// Writes and reads the cookie of sessions.
package struct SessionCookie: Sendable, Equatable {
    /// How many cookies of the name are looked at, and how long each may be.
    private static let most = (count: 4, bytes: 256)

    private let isSecure: Bool

    /// The cookies of a server.
    /// - Parameter isSecure: Whether the server is reached by TLS.
    package init(isSecure: Bool) { self.isSecure = isSecure }

    /// The cookie's name as a request has it: browsers keep cookies apart by host and not by port, so it has the port.
    /// - Parameter request: A request.
    /// - Returns: The name.
    package func name(in request: HTTPRequest) -> String {
        let port = request.authorityPort.map { "_\($0)" } ?? ""
        return (isSecure ? "__Host-vigil_session" : "vigil_session") + port
    }

    /// The field that gives a browser its cookie.
    /// - Parameters:
    ///   - secret: What the cookie says.
    ///   - request: The request that is answered.
    /// - Returns: The value of `Set-Cookie`.
    package func field(_ secret: String, answering request: HTTPRequest) -> String {
        "\(name(in: request))=\(secret); Path=/; Max-Age=\(SessionTable.life.components.seconds); \(attributes)"
    }

    /// The field that takes a browser's cookie away.
    /// - Parameter request: The request that is answered.
    /// - Returns: The value of `Set-Cookie`.
    package func removal(answering request: HTTPRequest) -> String {
        "\(name(in: request))=; Path=/; Max-Age=0; \(attributes)"
    }

    private var attributes: String { "HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "") }

    /// What the cookies of a request say that have the name.
    ///
    /// Another server of the host can set a second one; that it comes first must not shut the page out.
    /// - Parameter request: The request.
    /// - Returns: The values, in order.
    package func secrets(in request: HTTPRequest) -> [String] {
        let name = name(in: request)
        var secrets: [String] = []
        for field in request.headers.values(of: "cookie") {
            for pair in field.utf8.split(separator: UInt8(ascii: ";")) {
                let halves = pair.drop { $0 == 0x20 }.split(separator: UInt8(ascii: "="), maxSplits: 1)
                guard halves.count == 2, Array(halves[0]) == Array(name.utf8), secrets.count < Self.most.count,
                    halves[1].count <= Self.most.bytes
                else { continue }
                secrets.append(String(Substring(halves[1])))
            }
        }
        return secrets
    }
}
