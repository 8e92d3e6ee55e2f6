// SPDX-License-Identifier: Apache-2.0
// `vigil doctor`.

import ArgumentParser
import Settings
import Synchronization
import SystemKit

/// Checks what a person would have to check by hand.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check what running needs; each finding with its remedy.",
        discussion: """
            Looks at settings, directories and permissions, the file system, inotify, the
            agent and its version, the supervisor, ports, control groups, heartbeats, the
            clock, and what crashes left behind. It changes nothing. Run it as the user
            that the daemons run as.

            The exit code is 0 without problems (warnings do not count), 69 with some, 78
            when settings are wrong.

            Example:
              vigil doctor --json
            """
    )

    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        let report = DoctorReport(try findings())
        let output = form.output
        output.render(report.json, report.text(paint: output.styled))
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }

    private func findings() throws -> [Finding] {
        let loaded: LoadedSettings
        do throws(SettingsError) { loaded = try queue.load() } catch {
            return error.problems.map { .problem("settings", $0, remedy: "then check again: vigil config --check") }
        }
        let examination = Examination(
            loaded: loaded,
            environment: SystemInfo.environment,
            host: SystemInfo.hostName,
            now: .present(),
            runID: String(UInt64.random(in: .min ... .max), radix: 16)
        )
        do {
            let reactor = try Reactor()
            let found = Mutex<[Finding]>([])
            _ = reactor.runUntilComplete {
                let findings = await examination.findings(on: reactor)
                found.withLock { $0 = findings }
                return 0
            }
            return found.withLock { $0 }
        } catch { throw CommandFailure(error) }
    }
}
