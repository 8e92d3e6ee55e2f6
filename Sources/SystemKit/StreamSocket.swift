// SPDX-License-Identifier: Apache-2.0
// One end of a byte stream over TCP or a socket file.

import CLinux

/// Where a stream socket listens or connects to.
package enum SocketAddress: Hashable, Sendable {
    /// A numeric IPv4 or IPv6 address and a port. Names are not looked up, as that can block.
    case internet(host: String, port: UInt16)
    /// A socket file.
    case file(path: String)
}

/// One end of a byte stream, non-blocking and close-on-exec; closed when its owner goes away.
package struct StreamSocket: ~Copyable, Sendable {
    private let socket: OwnedDescriptor

    init(adopting descriptor: Int32) { socket = OwnedDescriptor(adopting: descriptor) }

    /// The descriptor's number, to watch it on a reactor.
    package var descriptor: Int32 { socket.rawValue }

    /// Begins a connection, which stands when the descriptor is writable: connect(2).
    ///
    /// - Parameter address: The listener's address.
    /// - Returns: This side's end.
    /// - Throws: `connectionRefused` when nobody listens at a file; over TCP that may show only when the socket is used.
    package static func connect(to address: SocketAddress) throws(SystemCallError) -> StreamSocket {
        switch address {
        case .internet(let host, let port):
            let path = try cPath(host, "connect")
            return StreamSocket(adopting: try check(unsafe cl_stream_connect_internet(path, port), "connect", host))
        case .file(let file):
            let path = try cPath(file, "connect")
            return StreamSocket(adopting: try check(unsafe cl_stream_connect_file(path), "connect", file))
        }
    }

    /// Takes what has arrived: recv(2).
    ///
    /// - Parameter limit: The most bytes to take.
    /// - Returns: The bytes; none when the other side sends nothing more.
    /// - Throws: `again` when nothing has arrived, `connectionReset` and the like when the connection is gone.
    package borrowing func receive(limit: Int) throws(SystemCallError) -> [UInt8] {
        var result = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(1, limit)) { buffer, filled in
            guard let address = buffer.baseAddress else { return }
            result = unsafe cl_stream_receive(socket.rawValue, address, buffer.count)
            filled = max(0, result)
        }
        try check(result, "recv")
        return bytes
    }

    /// Gives bytes to the kernel: send(2), without SIGPIPE.
    ///
    /// - Parameter bytes: The bytes.
    /// - Returns: How many were taken; the rest has to wait until the descriptor is writable.
    /// - Throws: `again` when none was taken, `brokenPipe` or `connectionReset` when the connection is gone.
    package borrowing func send(_ bytes: ArraySlice<UInt8>) throws(SystemCallError) -> Int {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            guard let address = buffer.baseAddress else { return 0 }
            return unsafe cl_stream_send(socket.rawValue, address, buffer.count)
        }
        return try check(result, "send")
    }

    /// Tells the other side, if it is still there, that nothing more will be sent: shutdown(2).
    package borrowing func finishWriting() { _ = cl_stream_finish_writing(socket.rawValue) }
}
