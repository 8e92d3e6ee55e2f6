// SPDX-License-Identifier: Apache-2.0
// Host names with ports, and the list of those that a server speaks for.

/// A host with an optional port, as in a Host field.
struct Authority: Sendable, Equatable {
    /// The host in small letters; an IPv6 address keeps its brackets; empty when the client named none.
    let host: String
    /// The port, when given.
    let port: UInt16?

    /// Takes an authority apart; nil when it is not `host`, `host:port`, `[address]` or `[address]:port`.
    ///
    /// - Parameter text: A Host field's value or the authority of a target; user information is refused.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        var end = bytes.startIndex
        if bytes.first == UInt8(ascii: "[") {
            guard let close = bytes.firstIndex(of: UInt8(ascii: "]")), close > 1 else { return nil }
            for byte in bytes[1..<close] {
                guard ASCII.hexValue(byte) != nil || byte == ASCII.colon || byte == ASCII.dot else { return nil }
            }
            end = close + 1
        } else {
            while end < bytes.endIndex, bytes[end] != ASCII.colon {
                guard Self.isHostByte(bytes[end]) else { return nil }
                end += 1
            }
        }
        var host: [UInt8] = []
        for byte in bytes[..<end] { host.append(ASCII.lowercased(byte)) }
        self.host = String(decoding: host, as: UTF8.self)
        guard end < bytes.endIndex else {
            port = nil
            return
        }
        guard bytes[end] == ASCII.colon else { return nil }
        let digits = bytes[(end + 1)...]
        if digits.isEmpty {
            port = nil
        } else {
            guard let number = ASCII.decimal(digits), let number = UInt16(exactly: number) else { return nil }
            port = number
        }
    }

    /// Letters, digits and the punctuation of host names; percent-encoding is not taken in a host.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }
}

/// The hosts that a server speaks for; a page under a foreign name that resolves to this machine gets nothing.
///
/// A browser sends the name of the page's own origin in Host, so this check stops DNS rebinding on loopback.
struct HostAllowList: Sendable, Equatable {
    private static let loopbackNames = ["localhost", "127.0.0.1", "[::1]"]
    /// Nil when every host is allowed.
    private let hosts: Set<[UInt8]>?

    /// Creates a list of the loopback names and further hosts.
    ///
    /// - Parameter hosts: Further hosts without ports, in any case.
    init(loopbackAnd hosts: [String]) {
        var all: Set<[UInt8]> = []
        for host in Self.loopbackNames + hosts { all.insert(host.utf8.map(ASCII.lowercased)) }
        self.hosts = all
    }

    private init() { hosts = nil }

    /// The list that allows every host, for sockets that no browser can reach.
    static let everyHost = HostAllowList()

    /// Refuses a request for a foreign host.
    ///
    /// A request of HTTP/1.0 without Host passes: browsers, which the check is for, always send one.
    /// - Parameter request: A request whose authority is well-formed.
    /// - Throws: 421 for a foreign host.
    func check(_ request: HTTPRequest) throws(HTTPError) {
        guard let hosts, let authority = request.authority else { return }
        guard let host = Authority(authority)?.host, hosts.contains(Array(host.utf8)) else {
            throw HTTPError(
                .misdirectedRequest,
                code: "foreign_host",
                "this server does not answer for the host in the request"
            )
        }
    }
}
