// SPDX-License-Identifier: Apache-2.0
// Messages between processes that keep their bounds and can carry descriptors.

import CLinux

/// Two connected sockets of type `SOCK_SEQPACKET`: whole packets in order, and an end when one side is closed.
@frozen package struct SocketPair: ~Copyable {
    /// One end, non-blocking and close-on-exec.
    package let first: OwnedDescriptor
    /// The other end.
    package let second: OwnedDescriptor

    private init(_ first: consuming OwnedDescriptor, _ second: consuming OwnedDescriptor) {
        self.first = first
        self.second = second
    }

    /// Makes a pair: socketpair(2).
    package static func make() throws(SystemCallError) -> SocketPair {
        var numbers: (Int32, Int32) = (-1, -1)
        try check(unsafe cl_socket_pair(&numbers.0, &numbers.1), "socketpair")
        return SocketPair(OwnedDescriptor(adopting: numbers.0), OwnedDescriptor(adopting: numbers.1))
    }
}

/// A packet and the descriptors that came with it.
package struct Packet: Hashable, Sendable {
    /// The content.
    package let bytes: [UInt8]
    /// Open descriptors, close-on-exec; the receiver owns each and must adopt or close it.
    package let descriptors: [Int32]
}

/// Sends one packet, with copies of open descriptors: sendmsg(2) with `SCM_RIGHTS`.
/// - Parameters:
///   - socket: One end of a ``SocketPair``.
///   - bytes: The content, not empty.
///   - descriptors: Up to 253 descriptors; they stay open here.
/// - Throws: ``Errno/again`` when the other side must read first, ``Errno/brokenPipe`` when it is closed,
///   ``Errno/messageTooLong`` when the packet is larger than the socket's buffer, ``Errno/invalidArgument`` when empty.
package func sendPacket(_ socket: Int32, _ bytes: [UInt8], descriptors: [Int32] = []) throws(SystemCallError) {
    try check(
        unsafe cl_packet_send(socket, bytes, bytes.count, descriptors, descriptors.count),
        "sendmsg"
    )
}

/// Receives one packet, and refuses descriptors that come with it: recvmsg(2).
/// - Parameters:
///   - socket: One end of a ``SocketPair``.
///   - limit: The most bytes accepted.
/// - Returns: Nil when the other side is closed and everything was received.
/// - Throws: ``Errno/again`` when there is no packet, ``Errno/messageTooLong`` when it was larger; it is lost then.
package func receivePacket(_ socket: Int32, limit: Int) throws(SystemCallError) -> [UInt8]? {
    try receivePacket(socket, limit: limit, descriptorLimit: 0)?.bytes
}

/// Receives one packet with its descriptors: recvmsg(2) with `SCM_RIGHTS`.
/// - Parameters:
///   - socket: One end of a ``SocketPair``.
///   - limit: The most bytes accepted.
///   - descriptorLimit: The most descriptors accepted; the kernel closes those above.
/// - Returns: Nil when the other side is closed and everything was received.
/// - Throws: ``Errno/again`` when there is no packet, ``Errno/messageTooLong`` when it was larger; it is lost then.
package func receivePacket(
    _ socket: Int32,
    limit: Int,
    descriptorLimit: Int
) throws(SystemCallError) -> Packet? {
    var numbers = [Int32](repeating: -1, count: descriptorLimit)
    var count = descriptorLimit
    var result = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(1, limit)) { buffer, filled in
        guard let address = buffer.baseAddress else { return }
        unsafe numbers.withUnsafeMutableBufferPointer { room in
            let target = descriptorLimit > 0 ? room.baseAddress : nil
            result = unsafe cl_packet_receive(socket, address, limit, target, &count)
        }
        filled = max(0, result)
    }
    try check(result, "recvmsg")
    return result == 0 ? nil : Packet(bytes: bytes, descriptors: Array(numbers.prefix(count)))
}
