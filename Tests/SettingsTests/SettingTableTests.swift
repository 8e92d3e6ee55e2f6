// SPDX-License-Identifier: Apache-2.0
// Every row of the table: its default, both ends of its range, and one step beyond.

import Settings
import Testing

/// What is promised for one setting.
struct RowPromise: Sendable, CustomTestStringConvertible {
    let name: String
    let `default`: String
    let accepted: [String]
    let refused: [String]

    init(_ name: String, _ default: String, accepts accepted: [String], refuses refused: [String]) {
        self.name = name
        self.default = `default`
        self.accepted = accepted
        self.refused = refused
    }

    var testDescription: String { name }

    static let hostile = [
        "1e308", "-1e308", "nan", "NaN", "inf", "Infinity", "99999999999999999999999999", "-", "0x", "\u{0}",
    ]

    static let all: [RowPromise] = places + work + failures + agents + files + watching

    static let places = [
        RowPromise("VIGIL_ROOT", "/root", accepts: ["/srv/vigil", "/srv//vigil/./"], refuses: ["/a\u{0}b"]),
        RowPromise("VIGIL_CONFIG", "none", accepts: ["none"], refuses: ["\u{0}"]),
        RowPromise("TASK_DIR", "/root/tasks", accepts: ["/in", "in"], refuses: ["\u{0}"]),
        RowPromise("TRIGGER_DIR", "/root/triggers", accepts: ["/in"], refuses: ["\u{0}"]),
        RowPromise("RESULT_DIR", "/root/results", accepts: ["/in"], refuses: ["\u{0}"]),
        RowPromise("HEARTBEAT_DIR", "/root/heartbeats", accepts: ["/in"], refuses: ["\u{0}"]),
        RowPromise("DLQ_DIR", "/root/dlq", accepts: ["/in"], refuses: ["\u{0}"]),
        RowPromise("PIPE_DIR", "/root/pipes", accepts: ["/in"], refuses: ["\u{0}"]),
        RowPromise("STATE_FILE", "/root/orchestrator_state.json", accepts: ["/in"], refuses: ["\u{0}"]),
    ]
    static let work = [
        RowPromise(
            "WORKERS",
            "marie,anga,fabien",
            accepts: ["marie", " a , b-2 ,c_3 "],
            refuses: [" ", ",", "a,a", "../x", "orchestrator", "a/b", "-a", "é"]
        ),
        RowPromise(
            "MAX_CONCURRENT_TASKS",
            "3",
            accepts: ["1", "256", " 7 ", "+5"],
            refuses: ["0", "257", "3.5", "-1"] + hostile
        ),
        RowPromise(
            "TASK_TIMEOUT",
            "10m",
            accepts: ["1", "86400", "24h"],
            refuses: ["0.999", "86401", "-5", "0"] + hostile
        ),
        RowPromise(
            "MAX_TASK_TIMEOUT",
            "1d",
            accepts: ["600", "604800", "7d"],
            refuses: ["0.9", "604801", "8d"] + hostile
        ),
        RowPromise("KILL_GRACE_SECONDS", "10s", accepts: ["0", "300", "5m"], refuses: ["-1", "300.5"] + hostile),
        RowPromise("DRAIN_TIMEOUT", "1m", accepts: ["0", "86400"], refuses: ["86400.1", "-1"] + hostile),
        RowPromise(
            "PRIORITY_AGING_SECONDS",
            "1m",
            accepts: ["0", "1", "86400"],
            refuses: ["0.5", "86401", "-1"] + hostile
        ),
        RowPromise(
            "RATE_LIMIT",
            "none",
            accepts: ["20/1m", "1/1s", "1000000/1d", "5/60", "none"],
            refuses: ["0/1m", "1000001/1m", "20", "20/", "/1m", "20/1m/1", "20/0", "20/86401", "-1/1m"] + hostile
        ),
        RowPromise(
            "DAILY_BUDGET_USD",
            "none",
            accepts: ["0.01", "25", "1000000", "1e3"],
            refuses: ["0", "-1", "1000000.01"] + hostile
        ),
    ]
    static let failures = [
        RowPromise("MAX_RETRIES", "3", accepts: ["0", "100"], refuses: ["-1", "101", "many"] + hostile),
        RowPromise("RETRY_BACKOFF", "2", accepts: ["1", "10", "1.5"], refuses: ["0.99", "10.01"] + hostile),
        RowPromise(
            "INITIAL_RETRY_DELAY",
            "1s",
            accepts: ["0.01", "60", "10ms"],
            refuses: ["0.009", "60.1", "0"] + hostile
        ),
        RowPromise("MAX_RETRY_DELAY", "5m", accepts: ["1", "86400"], refuses: ["0.9", "86401"] + hostile),
        RowPromise("RETRY_JITTER", "0", accepts: ["0", "1", "0.25"], refuses: ["-0.1", "1.1"] + hostile),
        RowPromise("CIRCUIT_BREAKER_THRESHOLD", "5", accepts: ["1", "100"], refuses: ["0", "101"] + hostile),
        RowPromise("CIRCUIT_BREAKER_TIMEOUT", "1m", accepts: ["1", "3600", "1h"], refuses: ["0.9", "3601"] + hostile),
    ]
    static let agents = [
        RowPromise(
            "CLAUDE_COMMAND",
            "claude",
            accepts: ["claude --model opus", "'/opt/my claude' -x"],
            refuses: [" ", "'open", "a\\", "'' x", "\u{0}"]
        ),
        RowPromise("SYSTEM_PROMPT_FILE", "none", accepts: ["/p.md", "prompts/p.md", "none"], refuses: ["\u{0}"]),
        RowPromise("VIGIL_AGENT", "claude", accepts: ["claude"], refuses: ["nobody", "Claude", "a b", "\u{0}"]),
        RowPromise("AGENT_START_TIMEOUT", "2m", accepts: ["0", "1s", "24h"], refuses: ["0.5", "25h"] + hostile),
        RowPromise("AGENT_SILENCE_TIMEOUT", "10m", accepts: ["0", "1s", "24h"], refuses: ["0.5", "25h"] + hostile),
        RowPromise("AGENT_TOOL_TIMEOUT", "30m", accepts: ["0", "1s", "24h"], refuses: ["0.5", "25h"] + hostile),
        RowPromise("AGENT_RESULT_GRACE", "30s", accepts: ["0", "1s", "24h"], refuses: ["0.5", "25h"] + hostile),
        RowPromise("VERIFY_ROUNDS", "2", accepts: ["0", "20"], refuses: ["-1", "21", "1.5", "x"]),
        RowPromise("ALLOWED_CWD", "none", accepts: ["/a", "/a:/b", "none"], refuses: ["a", "/a:b", "~/x", "\u{0}"]),
    ]
    static let files = [
        RowPromise("DURABILITY", "full", accepts: ["full", "relaxed", "FULL"], refuses: ["none", "off"]),
        RowPromise(
            "MAX_TASK_BYTES",
            "1MiB",
            accepts: ["1k", "64m", "1024", "67108864"],
            refuses: ["1023", "67108865", "65m"] + hostile
        ),
        RowPromise(
            "MAX_RESULT_OUTPUT_BYTES",
            "1MiB",
            accepts: ["1k", "64MiB"],
            refuses: ["1023", "67108865"] + hostile
        ),
        RowPromise("SETTLE_SECONDS", "2s", accepts: ["0.1", "60"], refuses: ["0.099", "61"] + hostile),
        RowPromise("SCAN_INTERVAL", "30s", accepts: ["1", "3600"], refuses: ["0.9", "3601"] + hostile),
        RowPromise("POLL_INTERVAL", "500ms", accepts: ["0.1", "60"], refuses: ["0.09", "60.1"] + hostile),
        RowPromise("LOCK_TIMEOUT", "30s", accepts: ["1", "300"], refuses: ["0.9", "301"] + hostile),
        RowPromise("TRIGGER_RETENTION", "7d", accepts: ["1h", "365d"], refuses: ["59m", "366d"] + hostile),
    ]
    static let watching = [
        RowPromise("HEARTBEAT_INTERVAL", "10s", accepts: ["1", "60"], refuses: ["0.9", "61"] + hostile),
        RowPromise("COMPLETION_TIMEOUT", "10m", accepts: ["10", "86400"], refuses: ["9", "86401"] + hostile),
        RowPromise(
            "LOG_LEVEL",
            "INFO",
            accepts: ["debug", "CRITICAL", "Warning", "error"],
            refuses: ["TRACE", "warn", "1"]
        ),
        RowPromise("LOG_FORMAT", "json", accepts: ["json", "text", "TEXT"], refuses: ["xml"]),
        RowPromise(
            "ENABLE_METRICS",
            "true",
            accepts: ["true", "false", "1", "0", "yes", "no", "TRUE", "No"],
            refuses: ["2", "on", "ja", "truee"]
        ),
        RowPromise(
            "METRICS_PORT",
            "9090",
            accepts: ["0", "1024", "65535"],
            refuses: ["1", "1023", "65536", "-1"] + hostile
        ),
        RowPromise("API_PORT", "9180", accepts: ["0", "1024", "65535"], refuses: ["80", "1023", "65536"] + hostile),
        RowPromise(
            "API_BIND",
            "127.0.0.1",
            accepts: [
                "0.0.0.0", "::1", "localhost", "unix:/run/vigil.sock", "unix:/" + String(repeating: "a", count: 106),
            ],
            refuses: [
                "example.org", "256.0.0.1", "1.2.3", "unix:", "unix:rel", "unix:/" + String(repeating: "a", count: 107),
            ]
        ),
        RowPromise("API_TLS_CERT", "none", accepts: ["none", "/etc/vigil/api.pem"], refuses: ["\u{0}"]),
        RowPromise("API_TLS_KEY", "none", accepts: ["none", "/etc/vigil/api.key"], refuses: ["\u{0}"]),
        RowPromise(
            "REDIS_URL",
            "none",
            accepts: ["redis://h", "rediss://u:p@h:1/0", "unix:///run/r.sock", "none"],
            refuses: ["http://h", "redis://", "redis://a b", "redis"]
        ),
    ]
}

@Suite struct SettingTableTests {
    @Test func everySettingIsPromised() {
        #expect(RowPromise.all.map(\.name).sorted() == Setting.all.map(\.name).sorted())
    }

    @Test func namesKeysAndFlagsAreNotUsedTwice() {
        let flags = Setting.all.flatMap(\.flags)
        #expect(Set(flags).count == flags.count)
        #expect(Set(Setting.all.map(\.key)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
    }

    @Test(arguments: RowPromise.all)
    func theDefaultIsThePromisedOne(_ promise: RowPromise) throws {
        #expect(try Given().value(promise.name) == promise.default)
    }

    @Test(arguments: RowPromise.all)
    func everythingInRangeIsAccepted(_ promise: RowPromise) {
        for value in promise.accepted {
            #expect(Given(environment: [promise.name: value]).problems == [], "\(promise.name)=\(value)")
        }
    }

    @Test(arguments: RowPromise.all)
    func everythingElseIsRefusedByName(_ promise: RowPromise) {
        for value in promise.refused {
            let problems = Given(environment: [promise.name: value]).problems
            #expect(problems.count == 1, "\(promise.name)=\(value)")
            #expect(problems.first?.hasPrefix("\(promise.name)=") == true, "\(problems)")
            #expect(problems.first?.contains("(environment): ") == true, "\(problems)")
        }
    }

    @Test(arguments: RowPromise.all.filter { $0.name != "VIGIL_ROOT" })
    func whatARowShowsIsAcceptedAgain(_ promise: RowPromise) throws {
        guard promise.name != "REDIS_URL" else { return }
        for value in promise.accepted {
            let shown = try #require(try Given(environment: [promise.name: value]).value(promise.name))
            #expect(
                try Given(environment: [promise.name: shown]).value(promise.name) == shown,
                "\(promise.name)=\(value)"
            )
        }
    }

    @Test(arguments: Setting.all.map(\.flags))
    func everyNameOfAFlagReachesItsSetting(_ flags: [String]) {
        for flag in flags { #expect(Setting.named(flag: flag)?.flags == flags) }
    }

    @Test func flagsOfTheOlderSystemAreKnown() {
        #expect(Setting.named(flag: "max-concurrent")?.name == "MAX_CONCURRENT_TASKS")
        #expect(Setting.named(flag: "log-level")?.name == "LOG_LEVEL")
        #expect(Setting.named(flag: "metrics-port")?.name == "METRICS_PORT")
        #expect(Setting.named(flag: "poll-interval")?.name == "POLL_INTERVAL")
        #expect(Setting.named(flag: "no-such-flag") == nil)
    }
}
