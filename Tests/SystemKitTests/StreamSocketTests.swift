// SPDX-License-Identifier: Apache-2.0
// Byte streams over socket files: delivery, ends, and who may listen where.

import SystemKit
import TestSupport
import Testing

private func withSocketPath(_ body: (Directory, String) throws -> Void) throws {
    let temporary = try TemporaryDirectory(for: "socket")
    try body(temporary.directory, temporary.path(of: "s"))
}

@Suite struct StreamSocketTests {
    @Test func bytesArriveInOrderAndTheEndIsSeen() throws {
        try withSocketPath { _, path in
            let listener = try StreamListener(address: .file(path: path))
            let client = try StreamSocket.connect(to: .file(path: path))
            let server = try listener.accept()
            #expect(try client.send([1, 2, 3]) == 3)
            #expect(try server.receive(limit: 2) == [1, 2])
            #expect(try server.receive(limit: 2) == [3])
            let nothing = #expect(throws: SystemCallError.self) { _ = try server.receive(limit: 2) }
            #expect(nothing?.errno == .again)
            client.finishWriting()
            #expect(try server.receive(limit: 2) == [])
            #expect(try server.send([4]) == 1)
            #expect(try client.receive(limit: 9) == [4])
        }
    }

    @Test func sendingToAClosedEndIsAnErrorAndNoSignal() throws {
        try withSocketPath { _, path in
            let listener = try StreamListener(address: .file(path: path))
            let client = try StreamSocket.connect(to: .file(path: path))
            do { _ = try listener.accept() }
            let error = #expect(throws: SystemCallError.self) { _ = try client.send([1]) }
            #expect(error?.errno == .brokenPipe)
        }
    }

    @Test func fullSocketTakesNoMore() throws {
        try withSocketPath { _, path in
            let listener = try StreamListener(address: .file(path: path))
            let client = try StreamSocket.connect(to: .file(path: path))
            let server = try listener.accept()
            let bytes = [UInt8](repeating: 7, count: 1 << 20)
            var sent = 0
            let error = #expect(throws: SystemCallError.self) {
                while true { sent += try client.send(bytes[...]) }
            }
            #expect(error?.errno == .again)
            var received = 0
            while received < sent { received += try server.receive(limit: 1 << 20).count }
            #expect(received == sent)
        }
    }

    @Test func nobodyWaitingIsToldAsSuch() throws {
        try withSocketPath { _, path in
            let listener = try StreamListener(address: .file(path: path))
            let error = #expect(throws: SystemCallError.self) { _ = try listener.accept() }
            #expect(error?.errno == .again)
        }
    }

    @Test func connectingWhereNobodyListensIsRefused() throws {
        try withSocketPath { _, path in
            let absent = #expect(throws: SystemCallError.self) { _ = try StreamSocket.connect(to: .file(path: path)) }
            #expect(absent?.errno == .noEntry)
        }
    }

    @Test func waitingClientsAreTurnedAway() throws {
        try withSocketPath { _, path in
            let listener = try StreamListener(address: .file(path: path))
            let first = try StreamSocket.connect(to: .file(path: path))
            let second = try StreamSocket.connect(to: .file(path: path))
            #expect(listener.turnAway() == 2)
            #expect(try first.receive(limit: 1) == [])
            #expect(try second.receive(limit: 1) == [])
            #expect(listener.turnAway() == 0)
        }
    }
}

// MARK: - Socket files

extension StreamSocketTests {
    @Test func socketFileIsForThisUserAlone() throws {
        try withSocketPath { directory, path in
            let listener = try StreamListener(address: .file(path: path))
            let status = try #require(try directory.status(of: "s"))
            #expect(status.kind == .socket)
            #expect(status.permissions == 0o600)
            withExtendedLifetime(listener) {}
        }
    }

    @Test func socketFileGoesWithTheListener() throws {
        try withSocketPath { directory, path in
            do { _ = try StreamListener(address: .file(path: path)) }
            #expect(try directory.status(of: "s") == nil)
        }
    }

    @Test func livingListenerIsNotReplaced() throws {
        try withSocketPath { _, path in
            let listener = try StreamListener(address: .file(path: path))
            let error = #expect(throws: SystemCallError.self) { _ = try StreamListener(address: .file(path: path)) }
            #expect(error?.errno == .addressInUse)
            // The second listener's question whether somebody listens comes first.
            _ = try listener.accept()
            let client = try StreamSocket.connect(to: .file(path: path))
            _ = try listener.accept()
            #expect(try client.receive(limit: 1) == [])
        }
    }

    @Test func fileOfADeadListenerIsReplaced() throws {
        try withSocketPath { directory, path in
            // The file moves away and back, so that the listener that made it does not remove it.
            do {
                let dead = try StreamListener(address: .file(path: path))
                try directory.rename("s", to: directory, as: "t")
                withExtendedLifetime(dead) {}
            }
            try directory.rename("t", to: directory, as: "s")
            let listener = try StreamListener(address: .file(path: path))
            let client = try StreamSocket.connect(to: .file(path: path))
            _ = try listener.accept()
            withExtendedLifetime(client) {}
        }
    }

    @Test func otherFileIsNotReplaced() throws {
        try withSocketPath { directory, path in
            try AtomicFile.write([1], as: "s", in: directory, replacing: false, durability: .relaxed)
            let error = #expect(throws: SystemCallError.self) { _ = try StreamListener(address: .file(path: path)) }
            #expect(error?.errno == .addressInUse)
            #expect(try directory.read("s", limit: 9) == [1])
        }
    }

    @Test func fileOfAnotherListenerIsLeftAlone() throws {
        try withSocketPath { directory, path in
            var other: StreamListener?
            do {
                let first = try StreamListener(address: .file(path: path))
                try directory.remove("s")
                other = try StreamListener(address: .file(path: path))
                withExtendedLifetime(first) {}
            }
            #expect(try directory.status(of: "s") != nil)
            withExtendedLifetime(other) {}
        }
    }

    @Test func pathThatDoesNotFitIsRefused() {
        let long = SocketAddress.file(path: "/tmp/" + String(repeating: "a", count: 120))
        #expect(#expect(throws: SystemCallError.self) { _ = try StreamListener(address: long) }?.errno == .nameTooLong)
        let empty = SocketAddress.file(path: "")
        #expect(
            #expect(throws: SystemCallError.self) { _ = try StreamListener(address: empty) }?.errno == .invalidArgument
        )
    }
}

// MARK: - Internet addresses

extension StreamSocketTests {
    @Test func portIsFoundWhenNoneIsGiven() throws {
        let listener = try StreamListener(address: .internet(host: "127.0.0.1", port: 0))
        let port = try #require(listener.port)
        #expect(port > 0)
        let taken = SocketAddress.internet(host: "127.0.0.1", port: port)
        let error = #expect(throws: SystemCallError.self) { _ = try StreamListener(address: taken) }
        #expect(error?.errno == .addressInUse)
    }

    @Test(arguments: ["localhost", "", "127.0.0.1 ", "127.1", "::g", "1.2.3.4.5"])
    func hostThatIsNoNumericAddressIsRefused(_ host: String) {
        let error = #expect(throws: SystemCallError.self) {
            _ = try StreamListener(address: .internet(host: host, port: 0))
        }
        #expect(error?.errno == .invalidArgument)
    }
}
