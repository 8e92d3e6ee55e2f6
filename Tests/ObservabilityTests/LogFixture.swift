// SPDX-License-Identifier: Apache-2.0
// Outputs that tests read back.

import Glibc
import Logging
import Observability
import SystemKit
import TestSupport
import Testing

/// Two ends of something that bytes go through.
struct Channel: ~Copyable {
    let reader: OwnedDescriptor
    let writer: OwnedDescriptor

    /// A pipe.
    static func pipe() throws -> Channel {
        var ends: [Int32] = [-1, -1]
        try #require(Glibc.pipe(&ends) == 0)
        return Channel(reader: OwnedDescriptor(adopting: ends[0]), writer: OwnedDescriptor(adopting: ends[1]))
    }

    /// Two connected stream sockets, as the system's journal gives to services.
    static func socket() throws -> Channel {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        return Channel(reader: OwnedDescriptor(adopting: ends[0]), writer: OwnedDescriptor(adopting: ends[1]))
    }

    /// A terminal: what is written to one end shows up at the other.
    static func terminal() throws -> Channel {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        // TIOCSPTLCK and TIOCGPTN, see ioctl_tty(2).
        var (lock, number): (Int32, Int32) = (0, 0)
        try #require(ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
        let terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(terminal >= 0)
        return Channel(reader: OwnedDescriptor(adopting: master), writer: OwnedDescriptor(adopting: terminal))
    }

    /// What is there to read now.
    borrowing func available() throws -> String { try read(timeoutMilliseconds: 0) }

    /// What is there to read as soon as there is something.
    borrowing func awaited() throws -> String { try read(timeoutMilliseconds: -1) }

    private borrowing func read(timeoutMilliseconds: Int32) throws -> String {
        var bytes: [UInt8] = []
        var entry = pollfd(fd: reader.rawValue, events: Int16(POLLIN), revents: 0)
        while poll(&entry, 1, bytes.isEmpty ? timeoutMilliseconds : 0) == 1, entry.revents & Int16(POLLIN) != 0 {
            bytes += try reader.read(count: 1 << 16)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A logger that writes JSON lines at a fixed time.
func jsonLogger(_ output: LogOutput, level: Logger.Level = .trace) -> Logger {
    Logger(label: "worker") {
        JSONLineLogHandler(label: $0, output: output, logLevel: level, clock: ManualWallClock().clock)
    }
}

/// A logger that writes text at a fixed time.
func textLogger(_ output: LogOutput, style: TerminalLogHandler.Style = .plain) -> Logger {
    Logger(label: "worker") {
        TerminalLogHandler(
            label: $0,
            output: output,
            logLevel: .trace,
            clock: ManualWallClock().clock,
            style: style
        )
    }
}
