// SPDX-License-Identifier: Apache-2.0
// What an agent may see of the daemon's environment.

import QueueModel

/// Chooses the variables that reach an agent: a list of what is passed on, never of what is held back alone.
package enum AgentEnvironment {
    /// Where things are, who runs, how text looks, how to reach the network.
    private static let usual = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_*", "TZ", "TMPDIR", "TERM",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
        "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]

    /// The account and the switches of the Claude command line.
    private static let claude = [
        "ANTHROPIC_*", "CLAUDE_*", "API_TIMEOUT_MS", "BASH_DEFAULT_TIMEOUT_MS", "DISABLE_AUTOUPDATER",
        "DISABLE_ERROR_REPORTING", "DISABLE_TELEMETRY", "ENABLE_TOOL_SEARCH", "IS_SANDBOX", "MCP_TIMEOUT",
        "MCP_TOOL_TIMEOUT", "NODE_EXTRA_CA_CERTS",
    ]

    private static let codex = ["CODEX_*", "OPENAI_*"]

    /// What keeps the Claude command line quiet and leaves retries to us, unless the daemon's environment has it.
    ///
    /// A command that it moved to the background would keep it from ending.
    private static let claudeDefaults = [
        "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "2", "DISABLE_AUTOUPDATER": "1", "SHELL": "/bin/bash",
    ]

    /// What a running Claude session leaves for its own children; in another session it names the wrong one.
    private static let foreignSession: Set<String> = [
        "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_CHILD_SESSION",
        "CLAUDE_CODE_CHILD_NOTES_DIR", "CLAUDE_CODE_MESSAGING_SOCKET", "CLAUDE_CODE_MESSAGING_TOKEN",
        "CLAUDE_CODE_SESSION_ATTENDED", "CLAUDE_CODE_EXECPATH", "CLAUDE_CODE_LAUNCHED_BY_SESSION_IDS",
        "CLAUDE_EFFORT", "CLAUDE_PID", "CLAUDE_ENV_FILE", "CLAUDE_PROJECT_DIR", "AI_AGENT",
    ]

    /// Whether a text may stand in the environment list of a profile: a name, or the start of one and `*`.
    ///
    /// - Parameter text: the entry.
    /// - Returns: false also for `*` alone, which would pass on everything.
    package static func isPattern(_ text: String) -> Bool {
        let name = text.hasSuffix("*") ? text.utf8.dropLast() : text.utf8[...]
        let isLetter = { (byte: UInt8) in
            byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard let first = name.first, isLetter(first) else { return false }
        return name.allSatisfy { isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// What of the daemon's environment reaches the agents of a profile.
    ///
    /// - Parameters:
    ///   - profile: says what its program needs besides the usual variables.
    ///   - environment: the daemon's environment.
    /// - Returns: the variables, without the marks of an attempt.
    fileprivate static func variables(
        for profile: AgentProfile,
        in environment: [String: String]
    ) -> [String: String] {
        let known = known(to: profile.kind)
        var variables = environment.filter { name, value in
            guard isName(name), !value.hasZeroByte else { return false }
            if foreignSession.contains(name) { return profile.environment.contains(name) }
            return known.matches(name) || profile.environment.contains { matches($0, name) }
        }
        if profile.kind == .claude { variables.merge(claudeDefaults) { given, _ in given } }
        return variables
    }

    /// Names, and starts of names, put together once.
    private struct Patterns: Sendable {
        private var names: Set<String> = []
        private var starts: [String] = []

        init(_ patterns: [String]) {
            for pattern in patterns {
                if pattern.hasSuffix("*") { starts.append(String(pattern.dropLast())) } else { names.insert(pattern) }
            }
        }

        func matches(_ name: String) -> Bool {
            names.contains(name) || starts.contains { name.utf8.starts(with: $0.utf8) }
        }
    }

    private static let knownToAll = Patterns(usual)
    private static let knownToClaude = Patterns(usual + claude)
    private static let knownToCodex = Patterns(usual + codex)

    private static func known(to kind: AgentProfile.Kind) -> Patterns {
        switch kind {
        case .claudeText, .claude: knownToClaude
        case .codex: knownToCodex
        case .events, .command: knownToAll
        }
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && !name.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "=") }
    }

    private static func matches(_ pattern: String, _ name: String) -> Bool {
        guard pattern.utf8.last == UInt8(ascii: "*") else { return pattern == name }
        return name.utf8.starts(with: pattern.utf8.dropLast())
    }
}

/// The environment of a profile's agents but for the marks of the attempt, put together once for all attempts.
package struct PassedEnvironment: Sendable {
    /// What tells the processes of one attempt from those of others.
    private enum Mark: String, CaseIterable {
        case attempt = "VIGIL_ATTEMPT"
        case root = "VIGIL_ROOT"
        case runID = "VIGIL_RUN_ID"
        case taskID = "VIGIL_TASK_ID"
        case worker = "VIGIL_WORKER"
    }

    private enum Entry {
        case same(String)
        case mark(Mark)
    }

    /// Sorted by name.
    private let entries: [Entry]

    /// Chooses what reaches the agents of a profile.
    ///
    /// - Parameters:
    ///   - profile: says what its program needs besides the usual variables.
    ///   - environment: the daemon's environment.
    package init(for profile: AgentProfile, from environment: [String: String]) {
        var entries: [String: Entry] = [:]
        for (name, value) in AgentEnvironment.variables(for: profile, in: environment) {
            entries[name] = .same("\(name)=\(value)")
        }
        // Whatever the daemon's environment says.
        for mark in Mark.allCases { entries[mark.rawValue] = .mark(mark) }
        self.entries = entries.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The whole environment of one attempt.
    ///
    /// - Parameter context: the attempt.
    /// - Returns: entries `NAME=VALUE`, sorted by name.
    func variables(in context: InvocationContext) -> [String] {
        entries.map { entry in
            switch entry {
            case .same(let text): text
            case .mark(.attempt): "VIGIL_ATTEMPT=\(context.attempt)"
            case .mark(.root): "VIGIL_ROOT=" + context.root
            case .mark(.runID): "VIGIL_RUN_ID=" + context.runID
            case .mark(.taskID): "VIGIL_TASK_ID=" + context.taskID.string
            case .mark(.worker): "VIGIL_WORKER=" + context.worker.string
            }
        }
    }
}
