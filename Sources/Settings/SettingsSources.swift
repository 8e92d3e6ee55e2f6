// SPDX-License-Identifier: Apache-2.0
// Where settings come from: flags, environment and file, handed in as values.

package import SystemKit

/// The settings that were given as flags.
package struct SettingsFlags: Equatable, Sendable {
    /// What was given for a setting, and by which flag.
    package struct Entry: Equatable, Sendable {
        /// The flag's name, without the leading `--`.
        package let flag: String
        /// The value, not judged yet.
        package let value: String
    }

    /// The entries by the settings' names, such as `MAX_RETRIES`.
    package private(set) var entries: [String: Entry] = [:]

    /// Makes an empty set of flags.
    package init() {}

    /// Takes the value of a flag; the last one of a setting counts.
    ///
    /// - Parameters:
    ///   - value: the value as it was typed.
    ///   - flag: the flag's name, without the leading `--`.
    /// - Returns: false when no setting has that flag.
    package mutating func set(_ value: String, for flag: String) -> Bool {
        guard let setting = Setting.named(flag: flag) else { return false }
        entries[setting.name] = Entry(flag: flag, value: value)
        return true
    }
}

/// What is at a path, links followed.
package enum PathKind: Sendable {
    case missing, file, directory, other
}

/// How the loader looks at the file system.
package struct SettingsFiles: Sendable {
    /// Says what is at a path; what cannot be looked at counts as missing.
    package var kind: @Sendable (_ path: String) -> PathKind
    /// Reads a file; nil when there is none.
    package var read: @Sendable (_ path: String) -> Result<[UInt8]?, SystemCallError>

    /// Makes a view of the file system.
    ///
    /// - Parameters:
    ///   - kind: says what is at a path, links followed.
    ///   - read: reads a whole file; nil when there is none.
    package init(
        kind: @escaping @Sendable (_ path: String) -> PathKind,
        read: @escaping @Sendable (_ path: String) -> Result<[UInt8]?, SystemCallError>
    ) {
        self.kind = kind
        self.read = read
    }
}

/// Everything that the loader looks at.
package struct SettingsSources: Sendable {
    /// The settings given on the command line.
    package var flags: SettingsFlags
    /// The environment of the process.
    package var environment: [String: String]
    /// The directory that relative paths of flags and of the environment are seen from; absolute.
    package var currentDirectory: String
    /// The file system.
    package var files: SettingsFiles

    /// Gathers the sources.
    ///
    /// - Parameters:
    ///   - flags: the settings given on the command line.
    ///   - environment: the environment of the process.
    ///   - currentDirectory: an absolute path.
    ///   - files: the file system.
    package init(
        flags: SettingsFlags = SettingsFlags(),
        environment: [String: String],
        currentDirectory: String,
        files: SettingsFiles
    ) {
        self.flags = flags
        self.environment = environment
        self.currentDirectory = currentDirectory
        self.files = files
    }
}

/// Where the value of a setting came from.
package enum SettingSource: Equatable, Sendable, CustomStringConvertible {
    /// A flag, without the leading `--`.
    case flag(String)
    case environment
    /// The configuration file, or the section of a worker in it.
    case file(path: String, worker: String?)
    case `default`

    /// The source in words, such as `flag --max-retries` or the path of the file.
    package var description: String {
        switch self {
        case .flag(let name): "flag --\(name)"
        case .environment: "environment"
        case .file(let path, nil): path
        case .file(let path, let worker?): "\(path), workers.\(worker)"
        case .default: "default"
        }
    }
}

/// Everything that is wrong with the settings.
package struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One line for each problem: what, where, and what to give instead.
    package let problems: [String]

    /// The exit code of a program that is configured wrongly (`EX_CONFIG`).
    package static let exitCode: Int32 = 78

    /// All problems, a line for each.
    package var description: String { problems.joined(separator: "\n") }
}
