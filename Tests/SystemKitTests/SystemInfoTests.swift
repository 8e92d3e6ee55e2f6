// SPDX-License-Identifier: Apache-2.0
// Facts about the machine and the process.

import Glibc
import SystemKit
import TestSupport
import Testing

@Suite("System facts")
struct SystemInfoTests {
    @Test func errorsHaveTheirSentence() {
        #expect(Errno.noSpace.description == "No space left on device")
        #expect(Errno(rawValue: 99999).description == "Unknown error 99999")
        #expect(SystemCallError(call: "fsync", errno: .io).description == "fsync: Input/output error")
    }

    @Test(arguments: [
        (Errno.noEntry, ENOENT), (.exists, EEXIST), (.notPermitted, EPERM), (.access, EACCES), (.noSpace, ENOSPC),
        (.io, EIO), (.again, EAGAIN), (.interrupted, EINTR), (.brokenPipe, EPIPE), (.tooManyOpenFiles, EMFILE),
        (.crossDevice, EXDEV), (.loop, ELOOP), (.notDirectory, ENOTDIR), (.isDirectory, EISDIR), (.notEmpty, ENOTEMPTY),
        (.notSupported, EOPNOTSUPP), (.noMemory, ENOMEM), (.nameTooLong, ENAMETOOLONG), (.invalidArgument, EINVAL),
        (.readOnlyFileSystem, EROFS), (.noProcess, ESRCH), (.connectionReset, ECONNRESET), (.busy, EBUSY),
        (.addressInUse, EADDRINUSE), (.noBufferSpace, ENOBUFS), (.fileTooLarge, EFBIG), (.badDescriptor, EBADF),
        (.noChild, ECHILD), (.messageTooLong, EMSGSIZE),
    ])
    func numbersAreThoseOfTheKernel(_ errno: Errno, _ number: Int32) {
        #expect(errno.rawValue == number)
    }

    @Test func thisProcessIsDescribed() {
        #expect(SystemInfo.processID == getpid())
        #expect(SystemInfo.residentBytes() > 1 << 20)
        #expect(SystemInfo.cpuSeconds() > 0)
        #expect((3...SystemInfo.maxDescriptors()).contains(SystemInfo.openDescriptors()))
        #expect(SystemInfo.executablePath?.hasPrefix("/") == true)
        #expect(SystemInfo.environment["PATH"] == getenv("PATH").map { String(cString: $0) })
        #expect(!SystemInfo.hostName.isEmpty)
        #expect(SystemInfo.bootID.utf8.count == 36)
        #expect(!SystemInfo.isTerminal(-1))
        #expect(SystemInfo.terminalWidth(-1) == nil)
    }

    @Test func fileSystemsAreNamed() throws {
        #expect(try SystemInfo.fileSystemKind(of: "/proc") == "0x9fa0")
        #expect(try !SystemInfo.fileSystemKind(of: "/tmp").isEmpty)
        #expect(throws: SystemCallError.self) { try SystemInfo.fileSystemKind(of: "/no/such/path") }
    }

    @Test func theSystemClockCountsMillisecondsSince1970() {
        #expect(abs(WallClock.system.nowMilliseconds / 1000 - Int64(time(nil))) <= 1)
        #expect(WallClock { 7 }.nowMilliseconds == 7)
    }
}

@Suite("Process identity")
struct ProcessIdentityTests {
    @Test func thisProcessIsAlive() {
        let current = ProcessIdentity.current
        #expect(current.pid == getpid())
        #expect(current.startTicks > 0)
        #expect(current.isAlive())
        #expect(ProcessIdentity(pid: getpid()) == current)
    }

    @Test func anotherProcessOfTheSameNumberIsNotTheSame() {
        let current = ProcessIdentity.current
        #expect(
            !ProcessIdentity(pid: current.pid, startTicks: current.startTicks + 1, bootID: current.bootID).isAlive()
        )
        #expect(!ProcessIdentity(pid: current.pid, startTicks: current.startTicks, bootID: "another boot").isAlive())
        #expect(ProcessIdentity(pid: -1) == nil)
    }

    @Test func aProcessThatHasEndedIsNotAliveEvenBeforeItIsWaitedFor() async throws {
        let (input, holdsOpen) = try pipeEnds()
        let (read, output) = try pipeEnds()
        let said = OwnedDescriptor(adopting: read)
        // Spaces and parentheses in the name stand in the way of a careless reader of /proc.
        let pid = try spawnDetached(
            path: "/bin/sh",
            arguments: ["sh", "-c", "printf 'a) b (c' > /proc/$$/comm; echo ready; read line"],
            environment: [],
            descriptors: [input, output, output]
        )
        #expect(try said.read(count: 9) == Array("ready\n".utf8))
        let process = try #require(ProcessIdentity(pid: pid))
        #expect(process.isAlive())
        kill(pid, SIGKILL)
        let ended = try pidfdOpen(pid)
        try await blocking {
            var request = pollfd(fd: ended.rawValue, events: Int16(POLLIN), revents: 0)
            while poll(&request, 1, -1) < 1 {}
        }
        #expect(ProcessIdentity(pid: pid) == process)
        #expect(!process.isAlive())
        _ = try reap(pid, nohang: false)
        #expect(ProcessIdentity(pid: pid) == nil)
        for number in [input, holdsOpen, output] { close(number) }
    }
}
