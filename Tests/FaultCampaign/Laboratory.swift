// SPDX-License-Identifier: Apache-2.0
// What every campaign needs: programs, a place for queues, and where to report.

import Synchronization
import SystemKit
import TestSupport

/// What went wrong with a campaign itself.
struct CampaignError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The programs under test, the tools of the campaigns, and the directory for their queues.
final class Laboratory: Sendable {
    /// The daemon's program.
    let program: String
    /// This very program, for helpers in processes of their own.
    let own: String
    let base: String
    let isVerbose: Bool
    private let counter = Atomic<Int>(0)

    var shim: String { "\(base)/shim.so" }
    var agent: String { "\(base)/agent" }

    /// Builds the tools in a new directory below `TMPDIR`, or in memory.
    init(program: String?, sources: String?, isVerbose: Bool) async throws {
        own = SystemInfo.executablePath ?? "fault-campaign"
        let place = String(own[..<(own.lastIndex(of: "/") ?? own.startIndex)])
        self.program = program ?? "\(place)/vigil"
        self.isVerbose = isVerbose
        let given = SystemInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 }
        // Memory is fast, and a kill does not care what the queue lies on.
        let parent = try Directory.open(given ?? "/dev/shm")
        let name = FileName("vigil-faults-\(SystemInfo.processID)")
        base = try parent.subdirectory(name, create: 0o700).path
        let sources = sources ?? Self.usualSources
        try await compile(["-shared", "-fPIC", "-o", shim, "\(sources)/shim.c", "-ldl"])
        try await compile(["-static", "-o", agent, "\(sources)/agent.c"])
    }

    private static var usualSources: String {
        let file = #filePath
        return file.prefix(through: file.lastIndex(of: "/") ?? file.startIndex) + "../FaultShim"
    }

    private func compile(_ arguments: [String]) async throws {
        let log = "\(base)/cc.log"
        let path = SystemInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let compiler = try ChildProcess(
            ["/usr/bin/env", "cc", "-O1"] + arguments,
            environment: ["PATH": path],
            output: log
        )
        let status = try await compiler.waitForExit()
        if status != .exited(0) { throw CampaignError("cc \(arguments.joined(separator: " ")): \(status); see \(log)") }
    }

    /// Runs a program of the system, and tells whether it ends with success.
    func succeeds(_ words: String...) async throws -> Bool {
        let path = "/usr/sbin:/usr/bin:/sbin:/bin"
        let process = try ChildProcess(
            ["/usr/bin/env"] + words,
            environment: ["PATH": path],
            output: "\(base)/tools.log"
        )
        return try await process.waitForExit() == .exited(0)
    }

    /// A directory for one run.
    func makeDirectory(_ label: String) throws -> Directory {
        let number = counter.add(1, ordering: .relaxed).newValue
        return try Directory.open(base).subdirectory(FileName("\(label)-\(number)"), create: 0o700)
    }

    /// Removes the runs that were good, and everything when all were.
    func remove(_ directory: Directory) throws {
        let name = directory.path.split(separator: "/").last.map(String.init) ?? ""
        try Directory.open(base).removeTree(FileName(name))
    }

    func removeAll() throws {
        let slash = base.lastIndex(of: "/") ?? base.startIndex
        try Directory.open(String(base[..<slash])).removeTree(FileName(String(base[base.index(after: slash)...])))
    }

    /// Writes one line for the person who watches.
    func say(_ text: String) { say(text, always: true) }

    func detail(_ text: String) { if isVerbose { say(text, always: true) } }

    private func say(_ text: String, always: Bool) {
        // Who does not want to hear closes the output.
        _ = try? writeStandardOutput(Array((text + "\n").utf8))
    }
}
