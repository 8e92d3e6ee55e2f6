// SPDX-License-Identifier: Apache-2.0
// What an agent sees of the daemon's environment.

import Agents
import QueueModel
import Testing

@Suite struct EnvironmentTests {
    private let own = [
        "VIGIL_ATTEMPT=2", "VIGIL_ROOT=/q", "VIGIL_RUN_ID=run-9", "VIGIL_TASK_ID=t-1", "VIGIL_WORKER=marie",
    ]

    private func environment(_ daemon: [String: String], profile: AgentProfile = .claude()) throws -> [String] {
        var profile = profile
        if profile.kind == .command { profile.promptChannel = .standardInput }
        return try profile.invocation(for: makeTask("go"), in: makeContext(environment: daemon)).environment
    }

    private func names(_ daemon: [String], profile: AgentProfile = .claude()) throws -> Set<String> {
        let values = Dictionary(uniqueKeysWithValues: daemon.map { ($0, "x") })
        let entries = try environment(values, profile: profile).filter { !own.contains($0) }
        return Set(entries.map { String($0.prefix { $0 != "=" }) })
    }

    private let usual = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TERM", "HTTP_PROXY",
        "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]
    private let claude = [
        "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CONFIG_DIR",
        "CLAUDE_CODE_MAX_RETRIES", "CLAUDE_CODE_TMPDIR", "API_TIMEOUT_MS", "IS_SANDBOX", "DISABLE_AUTOUPDATER",
        "NODE_EXTRA_CA_CERTS",
    ]
    private let withheld = [
        "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "REDIS_URL", "DATABASE_URL", "SSH_AUTH_SOCK", "LD_PRELOAD",
        "LD_LIBRARY_PATH", "OPENAI_API_KEY", "CODEX_HOME", "NODE_OPTIONS", "PWD", "OLDPWD", "BASH_ENV", "IFS",
        "MAX_RETRIES", "NOTIFY_SOCKET", "path", "HOMEX", "LC", "ANTHROPIC", "VIGIL_CONFIG",
    ]
    private let foreignSession = [
        "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_CHILD_SESSION",
        "CLAUDE_CODE_CHILD_NOTES_DIR", "CLAUDE_CODE_MESSAGING_SOCKET", "CLAUDE_CODE_MESSAGING_TOKEN",
        "CLAUDE_CODE_SESSION_ATTENDED", "CLAUDE_CODE_EXECPATH", "CLAUDE_CODE_LAUNCHED_BY_SESSION_IDS", "CLAUDE_EFFORT",
        "CLAUDE_PID", "CLAUDE_ENV_FILE", "CLAUDE_PROJECT_DIR", "AI_AGENT",
    ]

    @Test func nothingOfAnEmptyEnvironmentIsInvented() throws {
        #expect(try environment([:]) == own)
    }

    @Test func claudeSeesTheUsualAndItsOwnVariablesOnly() throws {
        #expect(try names(usual + claude + withheld + foreignSession) == Set(usual + claude))
    }

    @Test func aCommandSeesTheUsualVariablesOnly() throws {
        let profile = try makeCommand(["tool"])
        #expect(try names(usual + claude + withheld + foreignSession, profile: profile) == Set(usual))
    }

    @Test func aProfileAddsNamesAndPrefixes() throws {
        var profile = try makeCommand(["tool"])
        profile.environment = ["OPENAI_*", "CODEX_HOME", "AWS_"]
        let daemon = ["OPENAI_API_KEY", "OPENAI_", "OPENAI", "CODEX_HOME", "CODEX_HOME2", "AWS_SECRET_ACCESS_KEY"]
        #expect(try names(daemon, profile: profile) == ["OPENAI_API_KEY", "OPENAI_", "CODEX_HOME"])
    }

    @Test func anotherSessionsVariablesNeedTheirWholeName() throws {
        var profile = AgentProfile.claude()
        profile.environment = ["CLAUDE*", "AI_*", "CLAUDE_EFFORT"]
        #expect(try names(foreignSession, profile: profile) == ["CLAUDE_EFFORT"])
    }

    @Test func theMarksOfTheAttemptCannotBeForged() throws {
        var profile = try makeCommand(["tool"])
        profile.environment = ["VIGIL_*"]
        let daemon = ["VIGIL_TASK_ID": "other", "VIGIL_RUN_ID": "other", "VIGIL_ROOT": "/other"]
        #expect(try environment(daemon, profile: profile) == own)
    }

    @Test func entriesAreSortedAndValuesAreUntouched() throws {
        let entries = try environment(["PATH": "/a:/b", "HOME": "/h=x y\n", "LANG": "", "TERM": "a\u{0}b"])
        #expect(entries == ["HOME=/h=x y\n", "LANG=", "PATH=/a:/b"] + own)
    }

    @Test(arguments: [
        ("A", true), ("A_1*", true), ("_x", true), ("a*", true), ("*", false), ("", false), ("1A", false),
        ("A*B", false),
        ("A**", false), ("A=B", false), ("A B", false), ("É", false),
    ])
    func anEntryIsANameOrTheStartOfOne(_ text: String, _ isRight: Bool) {
        #expect(AgentEnvironment.isPattern(text) == isRight)
    }
}
