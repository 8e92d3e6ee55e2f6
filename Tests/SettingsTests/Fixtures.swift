// SPDX-License-Identifier: Apache-2.0
// Settings from texts instead of a real environment and file system.

import QueueModel
import Settings
import SystemKit
import Testing

/// A file system of a few paths, an environment and flags.
struct Given {
    var flags: [(flag: String, value: String)] = []
    var environment: [String: String] = [:]
    /// The text of `/root/vigil.json5`.
    var file: String?
    /// The bytes of that file, when they are no text.
    var bytes: [UInt8]?
    var otherFiles: [String: String] = [:]
    var directories: Set<String> = []
    var unreadable: Set<String> = []

    var sources: SettingsSources {
        var settingsFlags = SettingsFlags()
        for (flag, value) in flags {
            let isKnown = settingsFlags.set(value, for: flag)
            #expect(isKnown, "no flag --\(flag)")
        }
        var files = otherFiles.mapValues { Array($0.utf8) }
        files["/root/vigil.json5"] = bytes ?? file.map { Array($0.utf8) }
        let (contents, directories, unreadable) = (files, directories, unreadable)
        var environment = environment
        if environment["VIGIL_ROOT"] == nil { environment["VIGIL_ROOT"] = "/root" }
        if environment["VIGIL_ROOT"] == "-" { environment["VIGIL_ROOT"] = nil }
        return SettingsSources(
            flags: settingsFlags,
            environment: environment,
            currentDirectory: "/here",
            files: SettingsFiles(
                kind: { contents[$0] != nil ? .file : directories.contains($0) ? .directory : .missing },
                read: { path in
                    if unreadable.contains(path) {
                        return .failure(SystemCallError(call: "open", errno: .access, path: path))
                    }
                    return .success(contents[path])
                }
            )
        )
    }

    func load() throws -> LoadedSettings { try SettingsLoader.load(sources) }

    /// What is wrong; none when it loads.
    var problems: [String] {
        do {
            _ = try SettingsLoader.load(sources)
            return []
        } catch {
            return error.problems
        }
    }

    /// The value of a row as text.
    func value(_ name: String) throws -> String? {
        try load().rows().first { $0.name == name }?.value
    }
}
