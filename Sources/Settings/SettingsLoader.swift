// SPDX-License-Identifier: Apache-2.0
// Loads the settings: finds the root and the file, judges every layer, and merges them.

import Agents
import QueueModel
import SystemKit

/// Loads settings from all their sources.
package enum SettingsLoader {
    /// The name of the configuration file in the root.
    package static let fileName = "vigil.json5"
    /// The root of installations of the older system.
    static let sharedRoot = "/shared"

    /// Loads and checks all settings.
    ///
    /// - Parameter sources: flags, environment and file system.
    /// - Returns: the settings, and where each came from.
    /// - Throws: `SettingsError` with every problem there is, not only the first.
    package static func load(_ sources: SettingsSources) throws(SettingsError) -> LoadedSettings {
        var layers = SettingLayers()
        layers.add(sources)
        var problems: [String] = []
        let place = RootPlace.find(layers, sources, &problems)
        var profiles: [AgentProfile] = []
        var checks: [Check] = []
        var document: ConfigurationDocument?
        if let bytes = place.fileBytes, let path = place.file {
            let read = ConfigurationDocument(path: path, bytes: bytes)
            layers.add(read)
            problems += read.problems
            document = read
        }
        let root = place.root(layers, sources, &problems)
        if let document {
            var reader = AgentProfileReader(path: document.path, root: root ?? "/")
            profiles = document.agents.compactMap { reader.profile(from: $0) }
            problems += reader.problems
            var checkReader = CheckReader(path: document.path)
            checks = document.checks.compactMap { checkReader.check(from: $0) }
            problems += checkReader.problems
            problems += Self.missingChecks(of: profiles, in: document)
        }
        let loaded = LoadedSettings(
            layers: layers,
            place: LoadedSettings.Place(root: root ?? "/", source: place.rootSource(layers), file: document?.path),
            profiles: profiles,
            checks: checks,
            files: sources.files
        )
        problems = layers.problems + problems + loaded.problems()
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        return loaded
    }

    /// A check that is there and wrong has a message of its own.
    private static func missingChecks(of profiles: [AgentProfile], in document: ConfigurationDocument) -> [String] {
        let known = document.checks.map(\.key)
        return profiles.flatMap { profile in
            profile.checks.filter { !known.contains($0.string) }.map { check in
                let nearest = NearestName.of(check.string, in: known).map { "; did you mean \($0)?" } ?? ""
                return "\(ConfigurationDocument.agentsKey).\(profile.name).verify (\(document.path)): "
                    + "there is no check \(check)\(nearest)"
            }
        }
    }
}

/// Where the root and the configuration file are.
private struct RootPlace {
    /// The path of the file that is to be read.
    private(set) var file: String?
    private(set) var fileBytes: [UInt8]?
    /// Whether the file was found in the root rather than named.
    private var isFileInRoot = false
    private var explicitRoot: SettingLayers.Entry?
    private var defaultRoot: String?

    static func find(_ layers: SettingLayers, _ sources: SettingsSources, _ problems: inout [String]) -> RootPlace {
        var place = RootPlace()
        place.explicitRoot = layers.entries["VIGIL_ROOT"]?.first
        place.defaultRoot = defaultRoot(sources)
        if let named = layers.entries["VIGIL_CONFIG"]?.first, let path = named.text.word, path != "none" {
            place.file = PathText.resolved(path, under: sources.currentDirectory)
            place.readFile(sources, &problems)
            if place.fileBytes == nil, problems.isEmpty {
                problems.append("VIGIL_CONFIG=\(MessageText.excerpt(path)) (\(named.source)): there is no such file")
            }
        } else if layers.entries["VIGIL_CONFIG"] == nil, let root = place.rootBeforeFile(sources) {
            place.file = PathText.resolved(SettingsLoader.fileName, under: root)
            place.isFileInRoot = true
            place.readFile(sources, &problems)
        }
        return place
    }

    private mutating func readFile(_ sources: SettingsSources, _ problems: inout [String]) {
        guard let file else { return }
        do throws(SystemCallError) {
            fileBytes = try sources.files.read(file).get()
        } catch {
            problems.append("\(file): cannot be read: \(error.errno)")
        }
    }

    private func rootBeforeFile(_ sources: SettingsSources) -> String? {
        explicitRoot?.text.word.map { PathText.resolved($0, under: sources.currentDirectory) } ?? defaultRoot
    }

    private static func defaultRoot(_ sources: SettingsSources) -> String? {
        if sources.files.kind(SettingsLoader.sharedRoot) == .directory { return SettingsLoader.sharedRoot }
        // Both variables count only when they hold an absolute path (XDG Base Directory Specification).
        if let state = sources.environment["XDG_STATE_HOME"], PathText.isAbsolute(state) {
            return PathText.resolved("vigil", under: state)
        }
        if let home = sources.environment["HOME"], PathText.isAbsolute(home) {
            return PathText.resolved(".local/state/vigil", under: home)
        }
        return nil
    }

    /// The root, now that the file may have named it.
    func root(_ layers: SettingLayers, _ sources: SettingsSources, _ problems: inout [String]) -> String? {
        var root = rootBeforeFile(sources)
        if explicitRoot == nil, let entry = layers.entries["VIGIL_ROOT"]?.first, let path = entry.text.word, let file {
            let named = PathText.resolved(path, under: PathText.parent(of: file))
            if isFileInRoot, named != root {
                problems.append(
                    "VIGIL_ROOT=\(MessageText.excerpt(path)) (\(entry.source)): this file was found in another root; "
                        + "name it with VIGIL_CONFIG or --config, or set VIGIL_ROOT in the environment"
                )
            }
            root = named
        }
        guard let root else {
            if !layers.refused.contains("VIGIL_ROOT") {
                problems.append(
                    "VIGIL_ROOT (default): neither \(SettingsLoader.sharedRoot) nor HOME is there; give a directory"
                )
            }
            return nil
        }
        let kind = sources.files.kind(root)
        if kind == .file || kind == .other {
            problems.append("VIGIL_ROOT=\(MessageText.excerpt(root)) (\(rootSource(layers))): this is not a directory")
        }
        return root
    }

    func rootSource(_ layers: SettingLayers) -> SettingSource {
        layers.entries["VIGIL_ROOT"]?.first?.source ?? .default
    }
}
