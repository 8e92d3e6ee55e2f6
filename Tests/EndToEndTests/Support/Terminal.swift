// SPDX-License-Identifier: Apache-2.0
// A terminal for commands that ask, and that colour.

import Glibc
import SystemKit
import TestSupport

/// A pseudo-terminal, see pty(7); the test sits at its keyboard and reads its screen.
struct Terminal: ~Copyable, Sendable {
    private let keyboard: OwnedDescriptor
    private let screen: String

    init(columns: UInt16 = 200) throws {
        keyboard = OwnedDescriptor(adopting: open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC))
        // The numbers of TIOCSPTLCK and TIOCGPTN, see ioctl_tty(2).
        var isLocked: Int32 = 0
        var number: UInt32 = 0
        guard keyboard.rawValue >= 0, ioctl(keyboard.rawValue, 0x4004_5431, &isLocked) == 0,
            ioctl(keyboard.rawValue, 0x8004_5430, &number) == 0
        else { throw SystemCallError(call: "open", errno: Errno(rawValue: errno), path: "/dev/ptmx") }
        screen = "/dev/pts/\(number)"
        var size = winsize(ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(keyboard.rawValue, UInt(TIOCSWINSZ), &size)
    }

    /// Runs a command of `vigil` at this terminal, with an answer typed beforehand.
    ///
    /// - Parameters:
    ///   - arguments: The command and its arguments.
    ///   - answer: What is typed; a line.
    ///   - fixture: Whose root it works on.
    /// - Returns: How it ended, and what the screen shows, the typed line included.
    /// - Throws: `SystemCallError` when it cannot be started.
    consuming func run(
        _ arguments: [String],
        answering answer: String,
        in fixture: DaemonFixture
    ) async throws -> (status: SystemKit.ExitStatus?, screen: String) {
        let opened = open(screen, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard opened >= 0 else { throw SystemCallError(call: "open", errno: Errno(rawValue: errno), path: screen) }
        let side = OwnedDescriptor(adopting: opened)
        if !answer.isEmpty { try keyboard.write(all: Array("\(answer)\n".utf8)) }
        let pid = try spawnDetached(
            path: BuiltProgram.vigil,
            arguments: ["vigil"] + arguments,
            environment: fixture.environment.map { "\($0.key)=\($0.value)" },
            descriptors: [side.rawValue, side.rawValue, side.rawValue]
        )
        try side.close()
        let number = keyboard.release()
        return try await blocking {
            let keyboard = OwnedDescriptor(adopting: number)
            var shown: [UInt8] = []
            // With the last program gone from the terminal, reading fails with EIO.
            while let bytes = try? keyboard.read(count: 4096), !bytes.isEmpty { shown += bytes }
            let status = try reap(pid, nohang: false)
            return (status, String(decoding: shown, as: UTF8.self).replacing("\r\n", with: "\n"))
        }
    }
}
