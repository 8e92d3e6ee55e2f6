// SPDX-License-Identifier: Apache-2.0
// What `vigil config` prints, to the letter.

import Commands
import QueueModel
import Settings
import Testing

@Suite("Configuration report")
struct ConfigurationReportTests {
    private func report(worker: WorkerID? = nil) throws -> ConfigurationReport {
        let file = """
            { max_retries: 5, workers: { marie: { task_timeout: "90s" } }, redis_url: "redis://:secret@localhost/0" }
            """
        var flags = SettingsFlags()
        _ = flags.set("/q", for: "root")
        let sources = SettingsSources(
            flags: flags,
            environment: ["LOG_LEVEL": "DEBUG"],
            currentDirectory: "/",
            files: SettingsFiles(
                kind: { $0 == "/q/vigil.json5" ? .file : .missing },
                read: { .success($0 == "/q/vigil.json5" ? Array(file.utf8) : nil) }
            )
        )
        let shown: Set<String> = ["VIGIL_ROOT", "TASK_TIMEOUT", "MAX_RETRIES", "LOG_LEVEL", "REDIS_URL"]
        let rows = try SettingsLoader.load(sources).rows(for: worker).filter { shown.contains($0.name) }
        return ConfigurationReport(rows, worker: worker)
    }

    @Test func everySettingHasItsValueSourceAndRange() throws {
        let expected = """
            setting       value       source          range

            PLACES
            VIGIL_ROOT    /q          flag --root     a directory

            WORK
            TASK_TIMEOUT  10m         default         1s…1d

            FAILURES
            MAX_RETRIES   5           /q/vigil.json5  0…100

            WATCHING
            LOG_LEVEL     DEBUG       environment     DEBUG, INFO, WARNING, ERROR, CRITICAL
            REDIS_URL     <redacted>  /q/vigil.json5  redis:// rediss:// unix://, or none
            """
        #expect(try report().text(width: nil) == expected)
    }

    @Test func aWorkersSectionCounts() throws {
        let text = try report(worker: WorkerID("marie")).text(width: nil)
        #expect(text.contains("TASK_TIMEOUT  1m30s       /q/vigil.json5, workers.marie  1s…1d"))
    }

    @Test func theDocumentHasStableNames() throws {
        let text = String(decoding: JSONWriter.bytes(try report(worker: WorkerID("marie")).json), as: UTF8.self)
        #expect(text.hasPrefix(#"{"schema_version":1,"worker":"marie","settings":["#))
        let row = #"""
            {"name":"TASK_TIMEOUT","value":"1m30s","source":"file","source_detail":"/q/vigil.json5, workers.marie",\#
            "range":"1s…1d","unit":"s","group":"Work","summary":"The time limit of an attempt whose task has none"}
            """#
        #expect(text.contains(row))
        for source in [#""source":"flag""#, #""source":"environment""#] { #expect(text.contains(source)) }
        #expect(!text.contains("secret@"))
    }
}
