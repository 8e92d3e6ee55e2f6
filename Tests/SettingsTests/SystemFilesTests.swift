// SPDX-License-Identifier: Apache-2.0
// The loader on the real file system.

import Glibc
import Settings
import SystemKit
import TestSupport
import Testing

@Suite struct SystemFilesTests {
    private func load(_ root: String) throws -> LoadedSettings {
        try SettingsLoader.load(
            SettingsSources(environment: ["VIGIL_ROOT": root], currentDirectory: "/", files: .system)
        )
    }

    private func write(_ text: String, to name: FileName, in directory: Directory) throws {
        try directory.createFile(name).write(all: Array(text.utf8))
    }

    @Test func theFileInTheRootIsRead() throws {
        let root = try TemporaryDirectory(for: "settings")
        #expect(try load(root.path).settings.configurationFile == nil)
        try write("{ max_retries: 8 }", to: "vigil.json5", in: root.directory)
        #expect(try load(root.path).settings.maxRetries == 8)
        #expect(try load(root.path).settings.configurationFile == root.path(of: "vigil.json5"))
    }

    @Test func aLinkToTheFileIsFollowed() throws {
        let root = try TemporaryDirectory(for: "settings")
        _ = try Directory.create(root.path(of: "..data"))
        try write("{ max_retries: 8 }", to: "real", in: Directory.open(root.path(of: "..data")))
        #expect(symlink("..data/real", root.path(of: "vigil.json5")) == 0)
        #expect(try load(root.path).settings.maxRetries == 8)
    }

    @Test func whatIsNoFileOrTooLargeIsAProblem() throws {
        let root = try TemporaryDirectory(for: "settings")
        _ = try Directory.create(root.path(of: "vigil.json5"))
        let directory = #expect(throws: SettingsError.self) { try load(root.path) }
        #expect(directory?.problems == ["\(root.path)/vigil.json5: cannot be read: Invalid argument"])
        try root.directory.removeDirectory("vigil.json5")
        try write("{}" + String(repeating: " ", count: 1 << 20), to: "vigil.json5", in: root.directory)
        let large = #expect(throws: SettingsError.self) { try load(root.path) }
        #expect(large?.problems == ["\(root.path)/vigil.json5: cannot be read: File too large"])
    }

    @Test func aRootThatIsAFileIsRefused() throws {
        let root = try TemporaryDirectory(for: "settings")
        try write("", to: "file", in: root.directory)
        let error = #expect(throws: SettingsError.self) { try load(root.path(of: "file")) }
        #expect(error?.problems == ["VIGIL_ROOT=\(root.path)/file (environment): this is not a directory"])
    }

    @Test func secretsPrintNothing() {
        let secret = Secret("hunter2")
        #expect("\(secret)" == "<redacted>")
        #expect(String(reflecting: secret) == "<redacted>")
        #expect("\([secret])" == "[<redacted>]")
        #expect(secret.revealed == "hunter2")
    }
}
