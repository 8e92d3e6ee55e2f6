// SPDX-License-Identifier: Apache-2.0
// A listening socket that stays in control when descriptors run out.

import CLinux

/// A listening stream socket, non-blocking and close-on-exec; its socket file goes with it.
///
/// One descriptor is kept in reserve, so that waiting clients can be turned away when the process has no other left.
package final class StreamListener {
    private struct SocketFile {
        let path: [CChar]
        var device: UInt64 = 0
        var inode: UInt64 = 0
    }

    private let socket: OwnedDescriptor
    private let file: SocketFile?
    private var reserve: OwnedDescriptor?

    /// Listens: bind(2), listen(2).
    ///
    /// A socket file that a dead listener left is replaced. The program has to see to it that two of its processes do
    /// not start to listen at one path in the same instant: both may find the file dead, and the later one has it.
    /// - Parameters:
    ///   - address: Where; port 0 is any free one.
    ///   - mode: The permissions of a socket file, less the process's umask.
    /// - Throws: `addressInUse` when somebody listens there or a path is not a socket, `nameTooLong` for a path of
    ///   more than 107 bytes, `invalidArgument` for a host that is not a numeric address.
    package init(address: SocketAddress, mode: UInt32 = 0o600) throws(SystemCallError) {
        let (number, file) = try Self.listen(address, mode)
        let socket = OwnedDescriptor(adopting: number)
        let reserve = try socket.duplicated()
        self.socket = socket
        self.file = file
        self.reserve = consume reserve
    }

    private static func listen(
        _ address: SocketAddress,
        _ mode: UInt32
    ) throws(SystemCallError) -> (Int32, SocketFile?) {
        let backlog: Int32 = 256
        switch address {
        case .internet(let host, let port):
            let name = "\(host) port \(port)"
            let text = try cPath(host, "bind")
            return (try check(unsafe cl_stream_listen_internet(text, port, backlog), "bind", name), nil)
        case .file(let path):
            var file = SocketFile(path: try cPath(path, "bind"))
            let number = unsafe cl_stream_listen_file(file.path, mode, backlog, &file.device, &file.inode)
            return (try check(number, "bind", path), file)
        }
    }

    deinit {
        guard let file else { return }
        // Another listener may have taken the path over; its file is left alone.
        unsafe cl_stream_remove_file(file.path, file.device, file.inode)
    }

    /// The descriptor's number, to watch it on a reactor.
    package var descriptor: Int32 { socket.rawValue }

    /// The TCP port; nil for a socket file.
    package var port: UInt16? { UInt16(exactly: cl_stream_port(socket.rawValue)) }

    /// Takes the next waiting connection: accept4(2).
    ///
    /// - Returns: This side's end.
    /// - Throws: `again` when nobody waits. After ``SystemCallError/isExhaustion`` call `turnAway()` and pause. Any
    ///   other error is of the one connection that was waiting.
    package func accept() throws(SystemCallError) -> StreamSocket {
        StreamSocket(adopting: try check(cl_stream_accept(socket.rawValue), "accept"))
    }

    /// Closes the connections that wait, with the help of the reserved descriptor; for when there is no other.
    ///
    /// - Parameter limit: The most connections to close.
    /// - Returns: How many were closed.
    @discardableResult
    package func turnAway(limit: Int = 64) -> Int {
        reserve = nil
        var count = 0
        while count < limit {
            let connection = cl_stream_accept(socket.rawValue)
            guard connection >= 0 else { break }
            _ = cl_close(connection)
            count += 1
        }
        // Fails when another thread was faster; then the next connection that ends makes room.
        reserve = try? socket.duplicated()
        return count
    }
}

extension SystemCallError {
    /// Whether accept4(2) failed for want of descriptors or memory, so that trying again at once is of no use.
    package var isExhaustion: Bool {
        [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .noBufferSpace].contains(errno)
    }
}

extension Errno {
    /// ENFILE: the machine has no descriptor left.
    package static let tooManyOpenFilesInSystem = Errno(rawValue: 23)
    /// ECONNABORTED: the connection was gone before it was accepted.
    package static let connectionAborted = Errno(rawValue: 103)
    /// ECONNREFUSED: nobody listens there.
    package static let connectionRefused = Errno(rawValue: 111)
}
