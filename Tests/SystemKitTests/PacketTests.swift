// SPDX-License-Identifier: Apache-2.0
// Packets between the ends of a socket pair.

import Glibc
import SystemKit
import TestSupport
import Testing

@Suite("Packets")
struct PacketTests {
    @Test func packetsArriveWholeAndInOrder() throws {
        let pair = try SocketPair.make()
        for length in [1, 1000, 30_000] {
            try sendPacket(pair.first.rawValue, [UInt8](repeating: 7, count: length))
        }
        for length in [1, 1000, 30_000] {
            #expect(try receivePacket(pair.second.rawValue, limit: 30_000)?.count == length)
        }
        let error = #expect(throws: SystemCallError.self) { try receivePacket(pair.second.rawValue, limit: 9) }
        #expect(error?.errno == .again)
    }

    @Test func descriptorsComeAlongAsCopies() throws {
        let pair = try SocketPair.make()
        do {
            let (one, two) = (try MemoryFile.make([1]).release(), try MemoryFile.make([2, 2]).release())
            try sendPacket(pair.first.rawValue, [9], descriptors: [one, two])
            close(one)
            close(two)
        }
        let packet = try #require(try receivePacket(pair.second.rawValue, limit: 9, descriptorLimit: 5))
        #expect(packet.bytes == [9])
        #expect(packet.descriptors.count == 2)
        for (index, number) in packet.descriptors.enumerated() {
            #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
            let file = OwnedDescriptor(adopting: number)
            #expect(try file.readAll(limit: 9).count == index + 1)
        }
    }

    @Test(arguments: [0, 1, 2])
    func descriptorsAboveTheLimitAreClosedAndNotLeaked(_ limit: Int) throws {
        let pair = try SocketPair.make()
        let (read, write) = try pipeEnds()
        let reader = OwnedDescriptor(adopting: read)
        try sendPacket(pair.first.rawValue, [9], descriptors: [write, write, write])
        close(write)
        let packet = try #require(try receivePacket(pair.second.rawValue, limit: 9, descriptorLimit: limit))
        #expect(packet.descriptors.count == limit)
        for number in packet.descriptors { close(number) }
        // Ends only when no copy of the other end is left.
        #expect(try reader.readAll(limit: 9) == [])
    }

    @Test func aPacketAboveTheLimitIsAnErrorAndTheNextOneArrives() throws {
        let pair = try SocketPair.make()
        let (read, write) = try pipeEnds()
        let reader = OwnedDescriptor(adopting: read)
        try sendPacket(pair.first.rawValue, [1, 2, 3], descriptors: [write])
        close(write)
        try sendPacket(pair.first.rawValue, [4])
        let error = #expect(throws: SystemCallError.self) {
            try receivePacket(pair.second.rawValue, limit: 2, descriptorLimit: 4)
        }
        #expect(error?.errno == .messageTooLong)
        #expect(try receivePacket(pair.second.rawValue, limit: 2) == [4])
        #expect(try reader.readAll(limit: 9) == [])
    }

    @Test func theEndComesAfterThePackets() throws {
        let pair = try SocketPair.make()
        let second = pair.second
        let first = pair.first
        try sendPacket(first.rawValue, [1])
        try first.close()
        #expect(try receivePacket(second.rawValue, limit: 9) == [1])
        // A program that another test is starting just now holds a copy until its execve(2).
        var request = pollfd(fd: second.rawValue, events: Int16(POLLIN), revents: 0)
        #expect(poll(&request, 1, -1) == 1)
        #expect(try receivePacket(second.rawValue, limit: 9) == nil)
        let error = #expect(throws: SystemCallError.self) { try sendPacket(second.rawValue, [1]) }
        #expect(error?.errno == .brokenPipe)
    }

    @Test func anEmptyPacketIsRefusedBecauseItLooksLikeTheEnd() throws {
        let pair = try SocketPair.make()
        let error = #expect(throws: SystemCallError.self) { try sendPacket(pair.first.rawValue, []) }
        #expect(error?.errno == .invalidArgument)
    }

    @Test func aFullSocketSaysSoInsteadOfWaiting() throws {
        let pair = try SocketPair.make()
        let error = #expect(throws: SystemCallError.self) {
            while true { try sendPacket(pair.first.rawValue, [UInt8](repeating: 1, count: 10_000)) }
        }
        #expect(error?.errno == .again)
    }
}
