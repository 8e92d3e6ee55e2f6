// SPDX-License-Identifier: Apache-2.0
// `vigil config`.

import ArgumentParser
import QueueModel
import Settings
import SystemKit

/// Shows all settings, or checks them.
struct ConfigurationShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show every setting: value, source, range; or check them.",
        discussion: """
            A flag comes before an environment variable, that before vigil.json5, that
            before the default. Durations without a unit are seconds, sizes bytes. When
            anything is wrong, every problem is printed on a line of standard error, and
            the exit code is 78.

            Examples:
              vigil config --worker marie
              vigil config --check && systemctl reload vigil
            """
    )

    @Flag(help: "Print only \"ok\", or the problems.")
    var check = false
    @Option(help: "The settings of this worker, with its section of the file.", transform: { try WorkerID($0) })
    var worker: WorkerID?
    @OptionGroup
    var queue: QueueOptions
    @OptionGroup
    var form: OutputOptions

    func run() throws {
        let output = form.output
        do throws(SettingsError) {
            let report = ConfigurationReport(try SettingsLoader.load(queue.sources()).rows(for: worker), worker: worker)
            if check {
                output.render(Self.verdict([]), "ok")
            } else {
                output.render(report.json, report.text(width: Output.width, paint: output.styled))
            }
        } catch {
            if output.isJSON { output.render(Self.verdict(error.problems), "") }
            for problem in error.problems { Output.note(printable(problem)) }
            throw error.exitCode
        }
    }

    private static func verdict(_ problems: [String]) -> JSONValue {
        [
            "schema_version": .integer(ConfigurationReport.schemaVersion), "ok": .bool(problems.isEmpty),
            "problems": .array(problems.map(JSONValue.string)),
        ]
    }
}
