// SPDX-License-Identifier: Apache-2.0
// `vigil setup`.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Makes a queue's directories and a commented configuration file.
struct Setup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup",
        abstract: "Make the directories and a commented configuration file.",
        discussion: """
            Directories get mode 0750. What is there stays as it is: no file is ever
            overwritten, and calling it again does no harm. Without --workers it makes
            those of WORKERS.

            Example:
              vigil setup --root /srv/vigil --workers marie,anga
            """
    )

    @Option(help: "WORKERS: the names, separated by commas; they go into the configuration file.")
    var workers: String?
    @OptionGroup
    var queue: QueueOptions

    func run() throws {
        var sources = queue.sources()
        let file = takeMissingFile(&sources)
        if let workers { _ = sources.flags.set(workers, for: "workers") }
        let settings = try SettingsLoader.load(sources).settings
        do throws(SystemCallError) {
            let directories = try makeDirectories(settings)
            let path = file ?? settings.configurationFile ?? "\(settings.root)/\(SettingsLoader.fileName)"
            let isMade = try makeFile(path, workers == nil ? [] : settings.workers)
            Output.write(Array((report(settings, directories, path, isMade: isMade) + "\n").utf8))
        } catch { throw CommandFailure(error, whileMaking: true) }
    }

    /// A configuration file that was named and is not there yet is the one to make.
    private func takeMissingFile(_ sources: inout SettingsSources) -> String? {
        guard let named = queue.config ?? sources.environment["VIGIL_CONFIG"], !named.isEmpty, named != "none" else {
            return nil
        }
        let path = named.hasPrefix("/") ? named : "\(sources.currentDirectory)/\(named)"
        guard sources.files.kind(path) == .missing else { return nil }
        var flags = SettingsFlags()
        if let root = queue.root { _ = flags.set(root, for: "root") }
        sources.flags = flags
        sources.environment["VIGIL_CONFIG"] = nil
        return path
    }

    /// Returns how many were made.
    private func makeDirectories(_ settings: VigilSettings) throws(SystemCallError) -> Int {
        var made = 0
        for path in QueueLayout(locations: QueueLocations(settings), workers: settings.workers).all {
            if try HostPath.status(of: path) == nil { made += 1 }
            _ = try Directory.create(path)
        }
        return made
    }

    /// Returns false when there was one.
    private func makeFile(_ path: String, _ workers: [WorkerID]) throws(SystemCallError) -> Bool {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let directory = try Directory.create(slash == path.startIndex ? "/" : String(path[..<slash]))
        do throws(SystemCallError) {
            try AtomicFile.write(
                Array(ConfigurationTemplate.text(workers: workers).utf8),
                as: FileName(String(path[path.index(after: slash)...])),
                in: directory,
                replacing: false,
                durability: .full
            )
            return true
        } catch  where error.errno == .exists { return false }
    }

    private func report(_ settings: VigilSettings, _ directories: Int, _ path: String, isMade: Bool) -> String {
        let names = settings.workers.map(\.string).joined(separator: ", ")
        let root = printable(settings.root)
        let noun = directories == 1 ? "1 directory" : "\(directories) directories"
        var lines = [
            directories == 0
                ? "kept   all directories of \(root), for \(names)" : "made   \(noun) in \(root), for \(names)",
            isMade
                ? "made   \(printable(path)), with every setting as a comment"
                : "kept   \(printable(path)), which was there",
        ]
        if !isMade, workers != nil {
            lines.append("note   --workers made directories only; what runs is said by WORKERS, see vigil config")
        }
        let options =
            (queue.root.map { " --root \(printable($0))" } ?? "")
            + (queue.config.map { " --config \(printable($0))" } ?? "")
        let first = settings.workers.first?.string ?? "NAME"
        lines += [
            "next   vigil doctor\(options): looks whether everything that is needed is there",
            "       vigil up\(options): runs the workers",
            "       vigil submit \(first) \"Say hello\" --wait\(options): gives one something to do",
        ]
        return lines.joined(separator: "\n")
    }
}
