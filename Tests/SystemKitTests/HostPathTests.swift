// SPDX-License-Identifier: Apache-2.0
// Paths of the operator, whose links are followed.

import Glibc
import SystemKit
import TestSupport
import Testing

@Suite struct HostPathTests {
    private func makePlaces() throws -> TemporaryDirectory {
        let places = try TemporaryDirectory(for: "hostpath")
        _ = try Directory.create(places.path(of: "real/inner"))
        try Directory.open(places.path(of: "real")).createFile("file").write(all: [1, 2, 3])
        for (link, target) in [("alias", "real"), ("to-file", "alias/file"), ("gone", "nowhere"), ("self", "self")] {
            #expect(symlink(target, places.path(of: link)) == 0)
        }
        #expect(mkfifo(places.path(of: "fifo"), 0o600) == 0)
        return places
    }

    @Test func statusIsThatOfWhereThePathLeads() throws {
        let places = try makePlaces()
        #expect(try HostPath.status(of: places.path(of: "alias"))?.kind == .directory)
        #expect(try HostPath.status(of: places.path(of: "to-file"))?.size == 3)
        for name in ["gone", "no", "to-file/below"] {
            #expect(try HostPath.status(of: places.path(of: name)) == nil, "\(name)")
        }
        let error = #expect(throws: SystemCallError.self) { try HostPath.status(of: places.path(of: "self")) }
        #expect(error?.errno == .loop)
    }

    @Test func resolvedPathsHaveNoLinks() throws {
        let places = try makePlaces()
        #expect(try HostPath.resolved(places.path(of: "alias/inner/../inner/.")) == places.path(of: "real/inner"))
        #expect(try HostPath.resolved(places.path(of: "to-file")) == places.path(of: "real/file"))
        #expect(try HostPath.resolved("/") == "/")
        let error = #expect(throws: SystemCallError.self) { try HostPath.resolved(places.path(of: "gone")) }
        #expect(error?.errno == .noEntry)
    }

    @Test func regularFilesAreReadThroughLinksUpToALimit() throws {
        let places = try makePlaces()
        #expect(try HostPath.read(places.path(of: "to-file"), limit: 3) == [1, 2, 3])
        #expect(try HostPath.read(places.path(of: "gone"), limit: 3) == nil)
        let tooLarge = #expect(throws: SystemCallError.self) {
            try HostPath.read(places.path(of: "to-file"), limit: 2)
        }
        #expect(tooLarge?.errno == .fileTooLarge)
        #expect(tooLarge?.path == places.path(of: "to-file"))
    }

    @Test(arguments: ["fifo", "real"])
    func whatIsNoRegularFileIsNotRead(_ name: String) throws {
        let places = try makePlaces()
        let error = #expect(throws: SystemCallError.self) { try HostPath.read(places.path(of: name), limit: 9) }
        #expect(error?.errno == .invalidArgument)
    }

    @Test func aZeroByteEndsNoPathEarly() {
        #expect(throws: SystemCallError.self) { try HostPath.status(of: "/\u{0}x") }
        #expect(throws: SystemCallError.self) { try HostPath.resolved("/\u{0}x") }
    }

    @Test func anInputMayBeAPipeWhoseEndIsWaitedFor() async throws {
        let scratch = try TemporaryDirectory(for: "input")
        let path = scratch.path(of: "pipe")
        try #require(mkfifo(path, 0o600) == 0)
        let writer = try ChildProcess(
            ["/bin/sh", "-c", #"printf one >"$1"; printf more"#, "sh", path],
            environment: [:],
            output: "/dev/null"
        )
        let bytes = try await blocking { try HostPath.readInput(path, limit: 100) }
        #expect(bytes == Array("one".utf8))
        try await writer.waitForExit()
        let error = #expect(throws: SystemCallError.self) { try HostPath.readInput(scratch.path, limit: 100) }
        #expect(error?.errno == .isDirectory)
    }

    @Test func aDirectoryThatMayBeChangedPassesTheCheck() throws {
        let places = try makePlaces()
        try HostPath.checkMayChange(places.path(of: "alias"))
        let error = #expect(throws: SystemCallError.self) { try HostPath.checkMayChange(places.path(of: "no")) }
        #expect(error?.errno == .noEntry)
        #expect(throws: SystemCallError.self) { try HostPath.checkMayChange("/proc/self") }
    }

    @Test(.enabled(if: SystemInfo.effectiveUserID != 0, "root may change everything"))
    func aDirectoryThatMayNotBeChangedFailsTheCheck() throws {
        let places = try makePlaces()
        let path = places.path(of: "real")
        #expect(chmod(path, 0o500) == 0)
        defer { chmod(path, 0o700) }
        let error = #expect(throws: SystemCallError.self) { try HostPath.checkMayChange(path) }
        #expect(error?.errno == .access)
    }
}
