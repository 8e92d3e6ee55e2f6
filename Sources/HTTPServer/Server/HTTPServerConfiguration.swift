// SPDX-License-Identifier: Apache-2.0
// Where a server listens, whom it answers, and how much it takes.

package import SystemKit

/// Where a server listens.
package enum HTTPServerAddress: Sendable, Equatable, CustomStringConvertible {
    /// 127.0.0.1 at a port; 0 is any free one.
    case loopback(port: UInt16)
    /// A numeric IPv4 or IPv6 address and a port; 0 is any free one. Names are not looked up, as that can block.
    case tcp(host: String, port: UInt16)
    /// A socket file that this user alone may use.
    case unix(path: String)

    /// The loopback address without the label, as in `.loopback(9100)`.
    ///
    /// - Parameter port: The port; 0 is any free one.
    /// - Returns: The address.
    package static func loopback(_ port: UInt16) -> HTTPServerAddress { .loopback(port: port) }

    /// The address as `host:port`, `[host]:port` or `unix:path`.
    package var description: String {
        switch self {
        case .loopback(let port): "127.0.0.1:\(port)"
        case .tcp(let host, let port): host.utf8.contains(ASCII.colon) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The address of the listening socket.
    var socketAddress: SocketAddress {
        switch self {
        case .loopback(let port): .internet(host: "127.0.0.1", port: port)
        case .tcp(let host, let port): .internet(host: host, port: port)
        case .unix(let path): .file(path: path)
        }
    }

    /// The address with the port that the kernel chose.
    func bound(to port: UInt16?) -> HTTPServerAddress {
        guard let port else { return self }
        return switch self {
        case .loopback: .loopback(port: port)
        case .tcp(let host, _): .tcp(host: host, port: port)
        case .unix: self
        }
    }
}

/// How a server listens, whom it answers, and how much it takes.
package struct HTTPServerConfiguration: Sendable {
    /// Where it listens.
    package let address: HTTPServerAddress
    /// Hosts that requests may be for beside the loopback names; without ports, IPv6 addresses in brackets.
    package let allowedHosts: [String]
    /// The sizes a request and its response may have.
    package var sizes: HTTPSizeLimits
    /// The times a connection may take.
    package var deadlines: HTTPDeadlines
    /// The connections open at once; further ones displace the longest waiting or wait for one to end.
    package var maxConnections: Int
    /// The certificate; nil for connections that are not encrypted.
    package var tls: TLSStore?
    /// The hosts that are answered; a browser cannot reach a socket file, so there every host is.
    let hosts: HostAllowList

    /// Creates a configuration.
    ///
    /// - Parameters:
    ///   - address: Where to listen.
    ///   - allowedHosts: Hosts that requests may be for beside the loopback names.
    ///   - sizes: The sizes a request and its response may have.
    ///   - deadlines: The times a connection may take.
    ///   - maxConnections: The connections open at once, at least 1.
    ///   - tls: The certificate, whose hosts requests may be for, too; nil for connections that are not encrypted.
    package init(
        address: HTTPServerAddress,
        allowedHosts: [String] = [],
        sizes: HTTPSizeLimits = HTTPSizeLimits(),
        deadlines: HTTPDeadlines = HTTPDeadlines(),
        maxConnections: Int = 256,
        tls: TLSStore? = nil
    ) {
        self.address = address
        self.allowedHosts = allowedHosts
        self.sizes = sizes
        self.deadlines = deadlines
        self.maxConnections = max(1, maxConnections)
        self.tls = tls
        let allowedHosts = allowedHosts + (tls?.identity.hosts ?? [])
        hosts =
            switch address {
            case .loopback: HostAllowList(loopbackAnd: allowedHosts)
            case .tcp("0.0.0.0", _), .tcp("::", _): HostAllowList(loopbackAnd: allowedHosts)
            case .tcp(let host, _): HostAllowList(loopbackAnd: allowedHosts + [host, "[\(host)]"])
            case .unix: .everyHost
            }
    }
}
