// SPDX-License-Identifier: Apache-2.0
// Which layer counts, and what is said about wrong values.

import Agents
import QueueModel
import Settings
import SystemKit
import Testing

@Suite struct LayeringTests {
    @Test func flagsComeBeforeEnvironmentBeforeFileBeforeDefault() throws {
        var given = Given()
        #expect(try given.load().settings.maxRetries == 3)
        given.file = "{ max_retries: 4 }"
        #expect(try given.load().settings.maxRetries == 4)
        given.environment["MAX_RETRIES"] = "5"
        #expect(try given.load().settings.maxRetries == 5)
        given.flags = [("max-retries", "6"), ("max-retries", "7")]
        #expect(try given.load().settings.maxRetries == 7)
    }

    @Test func rowsTellWhereAValueCameFrom() throws {
        let rows = try Given(
            flags: [("max-concurrent", "5")],
            environment: ["MAX_RETRIES": "5"],
            file: "{ RETRY_BACKOFF: 3, workers: { marie: { task_timeout: '1m' } } }"
        ).load().rows(for: WorkerID("marie"))
        func source(_ name: String) -> String? { rows.first { $0.name == name }?.source.description }
        #expect(rows.map(\.name) == Setting.all.map(\.name))
        #expect(source("MAX_CONCURRENT_TASKS") == "flag --max-concurrent")
        #expect(source("MAX_RETRIES") == "environment")
        #expect(source("RETRY_BACKOFF") == "/root/vigil.json5")
        #expect(source("TASK_TIMEOUT") == "/root/vigil.json5, workers.marie")
        #expect(source("LOG_LEVEL") == "default")
        #expect(rows.first { $0.name == "MAX_RETRIES" }?.range == "0…100")
    }

    @Test func everyWrongValueOfEveryLayerIsReportedAtOnce() {
        let problems = Given(
            flags: [("log-level", "loud")],
            environment: ["MAX_CONCURRENT_TASKS": "9999", "TASK_TIMEOUT": "-5"],
            file:
                "{ max_retries: 101, scan_intervall: 3, retry_jitter: true, workers: { marie: { log_format: 'text' } } }"
        ).problems
        #expect(
            problems == [
                "MAX_CONCURRENT_TASKS=9999 (environment): give a whole number from 1 to 256",
                "TASK_TIMEOUT=-5 (environment): give a duration from 1s to 1d, such as 90s, 10m or a number of seconds",
                "LOG_LEVEL=loud (flag --log-level): give one of DEBUG, INFO, WARNING, ERROR, CRITICAL",
                "MAX_RETRIES=101 (/root/vigil.json5): give a whole number from 0 to 100",
                "scan_intervall (/root/vigil.json5, line 1): unknown setting; did you mean scan_interval?",
                "RETRY_JITTER=true (/root/vigil.json5): give a number from 0 to 1",
                "LOG_FORMAT (/root/vigil.json5, workers.marie): this cannot be set for one worker",
            ]
        )
        #expect(SettingsError.exitCode == 78)
    }

    @Test func aWrongValueIsReportedEvenWhenAnotherLayerCounts() {
        let given = Given(environment: ["MAX_RETRIES": "5"], file: "{ max_retries: 'many' }")
        #expect(given.problems == ["MAX_RETRIES=many (/root/vigil.json5): give a whole number from 0 to 100"])
    }

    @Test func unknownVariablesAreIgnoredAndEmptyOnesCountAsUnset() throws {
        let settings = try Given(environment: ["MAX_RETRYS": "x", "MAX_RETRIES": "", "EDITOR": "vi"]).load().settings
        #expect(settings.maxRetries == 3)
    }

    @Test func nullInTheFileCountsAsUnset() throws {
        #expect(try Given(file: "{ max_retries: null, agents: null }").load().settings.maxRetries == 3)
    }

    @Test func aKeyInTwoSpellingsIsRefused() {
        let given = Given(file: "{ max_retries: 1, MAX_RETRIES: 2 }")
        #expect(given.problems == ["MAX_RETRIES (/root/vigil.json5): given twice, in two spellings; remove one"])
    }

    @Test(arguments: [
        ("{ max_retries: 1e308 }", "MAX_RETRIES=1e308"), ("{ max_retries: NaN }", "MAX_RETRIES=NaN"),
        ("{ max_retries: -Infinity }", "MAX_RETRIES=-Infinity"), ("{ max_retries: 1.5 }", "MAX_RETRIES=1.5"),
        ("{ max_retries: 123456789012345678901234567890 }", "MAX_RETRIES=123456789012345678901234567890"),
        ("{ task_timeout: 1e308 }", "TASK_TIMEOUT=1e308"), ("{ task_timeout: NaN }", "TASK_TIMEOUT=NaN"),
        ("{ max_task_bytes: 0xFFFFFFFFFFFFFFFF }", "MAX_TASK_BYTES=18446744073709551615"),
        ("{ retry_backoff: 1e999 }", "RETRY_BACKOFF=1e999"),
        ("{ daily_budget_usd: Infinity }", "DAILY_BUDGET_USD=Infinity"),
        ("{ max_retries: [1] }", "MAX_RETRIES=[…]"), ("{ max_retries: {} }", "MAX_RETRIES={…}"),
        ("{ max_retries: true }", "MAX_RETRIES=true"), ("{ claude_command: 5 }", "CLAUDE_COMMAND=5"),
        ("{ workers: [1] }", "WORKERS=[…]"), ("{ task_dir: ['a'] }", "TASK_DIR=[…]"),
    ])
    func hostileValuesInTheFileAreRefused(_ file: String, _ start: String) {
        let problems = Given(file: file).problems
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("\(start) (/root/vigil.json5): give ") == true, "\(problems)")
    }

    @Test func theFileMayUseItsOwnTypes() throws {
        let settings = try Given(
            file: """
                { max_retries: 0x0A, poll_interval: .5, enable_metrics: false, workers: ["a", "b"], task_timeout: "2m",
                  claude_command: ["claude", "--model", "two words"], allowed_cwd: ["/a:b", "/c"], rate_limit: "5/1h",
                  metrics_port: 0, log_level: 'debug', durability: "relaxed", api_bind: "unix:/run/v.sock" }
                """
        ).load().settings
        #expect(settings.maxRetries == 10)
        #expect(settings.pollInterval == .milliseconds(500))
        #expect(!settings.enableMetrics)
        #expect(settings.workers.map(\.string) == ["a", "b"])
        #expect(settings.taskTimeout == .seconds(120))
        #expect(settings.claudeCommand == ["claude", "--model", "two words"])
        #expect(settings.allowedWorkingDirectories == ["/a:b", "/c"])
        #expect(settings.rateLimit == RateLimit(count: 5, interval: .seconds(3600)))
        #expect(settings.metricsPort == 0)
        #expect(settings.logLevel == .debug)
        #expect(settings.durability == .relaxed)
        #expect(settings.apiBind == .unix("/run/v.sock"))
    }

    @Test func aMessageNeverHoldsControlCharactersOrTheWholeOfALongValue() throws {
        let problems = Given(environment: ["MAX_RETRIES": "\u{1B}[31m\n" + String(repeating: "9", count: 5000)])
            .problems
        let problem = try #require(problems.first)
        #expect(problem.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(problem.utf8.count < 400)
    }

    @Test func passwordsNeverShow() throws {
        let good = try Given(environment: ["REDIS_URL": "redis://:hunter2@h"]).load()
        #expect(good.settings.redisURL?.revealed == "redis://:hunter2@h")
        #expect(!"\(good.settings)".contains("hunter2"))
        #expect(good.rows().first { $0.name == "REDIS_URL" }?.value == "<redacted>")
        #expect(
            Given(environment: ["REDIS_URL": "http://:hunter2@h"]).problems == [
                "REDIS_URL=<redacted> (environment): give an address that starts with redis://, rediss:// or unix://, or none"
            ]
        )
    }

    @Test func settingsThatContradictEachOtherAreRefused() {
        #expect(
            Given(environment: ["TASK_TIMEOUT": "20m"], file: "{ max_task_timeout: '10m' }").problems
                == ["TASK_TIMEOUT=20m (environment): give at most MAX_TASK_TIMEOUT, which is 10m"]
        )
        #expect(
            Given(file: "{ agents: { reviewer: { command: ['r'] } }, agent: 'reviewr' }").problems
                == ["VIGIL_AGENT=reviewr (/root/vigil.json5): there is no such profile; did you mean reviewer?"]
        )
    }

    @Test func theDefaultTimeLimitFollowsASmallerMaximum() throws {
        #expect(try Given(environment: ["MAX_TASK_TIMEOUT": "60"]).load().settings.taskTimeout == .seconds(60))
    }
}

@Suite struct WorkerSectionTests {
    private let file = """
        { max_retries: 7, task_timeout: 60,
          workers: { marie: { max_concurrent_tasks: 5, MAX_RETRIES: 1, agent: "reviewer" } },
          agents: { reviewer: { command: ["review", "{description}"] } } }
        """

    @Test func aSectionCountsForItsWorkerOnly() throws {
        let loaded = try Given(file: file).load()
        let marie = loaded.settings(for: try WorkerID("marie"))
        let anga = loaded.settings(for: try WorkerID("anga"))
        #expect(marie.maxConcurrentTasks == 5 && marie.maxRetries == 1 && marie.taskTimeout == .seconds(60))
        #expect(marie.agent.string == "reviewer")
        #expect(marie.profile(named: nil)?.arguments == ["review", "{description}"])
        #expect(anga.maxConcurrentTasks == 3 && anga.maxRetries == 7 && anga.agent.string == "claude")
        #expect(loaded.settings.maxRetries == 7)
        #expect(loaded.settings.workers.map(\.string) == ["marie", "anga", "fabien"])
    }

    @Test func flagsAndEnvironmentComeBeforeASection() throws {
        let loaded = try Given(environment: ["MAX_RETRIES": "9"], file: file).load()
        #expect(loaded.settings(for: try WorkerID("marie")).maxRetries == 9)
    }

    @Test func sectionsAreCheckedLikeTheRest() {
        let problems = Given(
            file:
                "{ workers: { marie: { max_retries: 200, agnt: 'x' }, '../x': {}, anga: 3, fabien: { agent: 'gone' } } }"
        ).problems
        #expect(
            problems == [
                "MAX_RETRIES=200 (/root/vigil.json5, workers.marie): give a whole number from 0 to 100",
                "agnt (/root/vigil.json5, workers.marie, line 1): unknown setting; did you mean agent?",
                "workers.../x (/root/vigil.json5, line 1): this is not the name of a worker",
                "workers.anga (/root/vigil.json5, line 1): give an object of settings",
                "VIGIL_AGENT=gone (/root/vigil.json5, workers.fabien): there is no such profile; give one of claude",
            ]
        )
    }

    @Test func eachWorkerHasItsOwnPromptFileWhenThatExists() throws {
        var given = Given(otherFiles: ["/root/prompts/marie.md": ""])
        #expect(try given.load().settings(for: WorkerID("marie")).systemPromptFile == "/root/prompts/marie.md")
        #expect(try given.load().settings(for: WorkerID("anga")).systemPromptFile == nil)
        given.environment["SYSTEM_PROMPT_FILE"] = "prompts/all.md"
        #expect(try given.load().settings(for: WorkerID("marie")).systemPromptFile == "/root/prompts/all.md")
        given.environment["SYSTEM_PROMPT_FILE"] = "none"
        #expect(try given.load().settings(for: WorkerID("marie")).systemPromptFile == nil)
    }
}
