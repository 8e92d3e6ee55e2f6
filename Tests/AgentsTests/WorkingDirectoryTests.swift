// SPDX-License-Identifier: Apache-2.0
// Where a task may work.

import Agents
import Glibc
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite struct WorkingDirectoryTests {
    /// Directories `allowed/inner` and `allowed-too`, a file, and links that stay inside, leave, and lead nowhere.
    private func makePlaces() throws -> TemporaryDirectory {
        let places = try TemporaryDirectory(for: "cwd")
        for name in ["allowed/inner", "allowed-too"] { _ = try Directory.create(places.path(of: name)) }
        _ = try Directory.open(places.path(of: "allowed")).createFile("file")
        for (link, target) in [("inside", "inner"), ("outside", "../allowed-too"), ("gone", "nowhere"), ("up", "..")] {
            #expect(symlink(target, places.path(of: "allowed/\(link)")) == 0)
        }
        #expect(symlink("allowed", places.path(of: "alias")) == 0)
        return places
    }

    private func resolve(_ directory: String?, allowed: [String], profile: AgentProfile = .claude()) throws -> String {
        let fields: JSONObject = directory.map { ["cwd": .string($0)] } ?? [:]
        return try WorkingDirectory.resolve(
            for: makeTask("go", fields),
            profile: profile,
            allowed: allowed,
            fallback: "/fallback"
        )
    }

    @Test func withoutAWishTheProfileDecidesThenTheWorker() throws {
        var profile = AgentProfile.claude()
        #expect(try resolve(nil, allowed: []) == "/fallback")
        profile.workingDirectory = "/profile"
        #expect(try resolve(nil, allowed: [], profile: profile) == "/profile")
    }

    @Test func anAllowedDirectoryAndWhatLiesInItIsGranted() throws {
        let places = try makePlaces()
        let allowed = places.path(of: "allowed")
        #expect(try resolve(allowed, allowed: ["/nowhere", allowed]) == allowed)
        #expect(try resolve(allowed + "//inner/.", allowed: [allowed]) == allowed + "/inner")
        #expect(try resolve(allowed, allowed: ["/"]) == allowed)
    }

    @Test func linksAreFollowedBeforeTheQuestion() throws {
        let places = try makePlaces()
        let allowed = places.path(of: "allowed")
        #expect(try resolve(allowed + "/inside", allowed: [allowed]) == allowed + "/inner")
        #expect(try resolve(places.path(of: "alias/inner"), allowed: [allowed]) == allowed + "/inner")
        #expect(try resolve(allowed + "/inner", allowed: [places.path(of: "alias")]) == allowed + "/inner")
    }

    @Test(arguments: [
        "allowed/outside", "allowed/up", "allowed/../allowed-too", "allowed-too", ".", "allowed/inner/../..",
    ])
    func whatLeadsOutIsRefused(_ name: String) throws {
        let places = try makePlaces()
        let error = #expect(throws: AgentError.self) {
            try resolve(places.path(of: name), allowed: [places.path(of: "allowed")])
        }
        #expect(error?.code == .workingDirectoryRefused)
        #expect(error?.message == "cwd: \(places.path(of: name)) lies in none of the directories of ALLOWED_CWD")
        #expect(error?.failure.isPermanent == true)
    }

    @Test(arguments: [
        ("allowed/gone", "No such file or directory"), ("allowed/file", "Not a directory"),
        ("allowed/no", "No such file or directory"),
    ])
    func whatIsNoDirectoryIsRefused(_ name: String, _ why: String) throws {
        let places = try makePlaces()
        let error = #expect(throws: AgentError.self) {
            try resolve(places.path(of: name), allowed: [places.path(of: "allowed")])
        }
        #expect(error?.code == .workingDirectoryMissing)
        #expect(error?.message == "cwd: \(places.path(of: name)): \(why)")
    }

    @Test(arguments: ["work", "./", "~/work"])
    func relativePathsAreRefused(_ path: String) throws {
        let error = #expect(throws: AgentError.self) { try resolve(path, allowed: ["/"]) }
        #expect(error?.message == "cwd: \(path) is not an absolute path")
    }

    @Test func withoutAllowedDirectoriesNoWishIsGranted() throws {
        let error = #expect(throws: AgentError.self) { try resolve("/tmp", allowed: []) }
        #expect(error?.code == .workingDirectoryRefused)
        #expect(error?.message == "cwd: no directory is allowed for tasks; leave the field out, or set ALLOWED_CWD")
    }
}
