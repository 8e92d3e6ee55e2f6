// SPDX-License-Identifier: Apache-2.0
// `vigil demo`.

import ArgumentParser
import FileQueue
import QueueModel
import SystemKit

/// Runs the whole flow in a temporary directory and shows what happened.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the whole flow with a stand-in agent, in a few seconds.",
        discussion: """
            Makes a queue in a temporary directory, puts tasks into it, runs a real worker on them, and prints what
            came of each. No agent is needed, and nothing is left behind unless --keep is given.
            """
    )

    @Flag(help: "Leave the directory for a look at its files.")
    var keep = false
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        do {
            let directory = try DemoDirectory()
            defer { if !keep { directory.remove() } }
            let output = form.output
            let demonstration = try Demonstration(root: directory.path, output: output)
            let results = try demonstration.run()
            output.render(
                .array(results.map(\.json)),
                demonstration.summary(of: results, isKept: keep)
            )
        } catch let error as SystemCallError { throw CommandFailure(error) }
    }
}

/// A new directory below `TMPDIR`.
private struct DemoDirectory {
    let path: String
    private let parent: Directory
    private let name: FileName

    init() throws {
        let base = SystemInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        parent = try Directory.open(base)
        let number = UInt32.random(in: 0 ... .max)
        name = FileName("vigil-demo-\(String(number, radix: 36))")
        // 0700: other users have no business in a queue.
        path = try parent.subdirectory(name, create: 0o700).path
    }

    func remove() {
        do throws(SystemCallError) {
            _ = try parent.removeTree(name)
        } catch { Output.note("\(path) cannot be removed: \(error)") }
    }
}
