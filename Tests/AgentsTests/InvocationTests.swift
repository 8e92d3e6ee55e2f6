// SPDX-License-Identifier: Apache-2.0
// What is started for a task, word for word.

import Agents
import QueueModel
import Testing

@Suite struct InvocationTests {
    private func invocation(
        _ profile: AgentProfile,
        _ description: String,
        _ fields: JSONObject = [:],
        systemPromptFile: String? = nil
    ) throws -> AgentInvocation {
        try profile.invocation(for: makeTask(description, fields), in: makeContext(systemPromptFile: systemPromptFile))
    }

    private func invocation(_ description: String, _ fields: JSONObject = [:]) throws -> AgentInvocation {
        try invocation(.claude(), description, fields)
    }

    // MARK: claude

    @Test func claudeGetsTheDescriptionAsItsLastArgument() throws {
        let result = try invocation("fix $(it) 'now' {task_id}")
        #expect(result.arguments == ["claude", "-p", "fix $(it) 'now' {task_id}"])
        #expect(result.input == nil)
    }

    @Test func claudeGetsPromptFileAndSessionBeforeThat() throws {
        let profile = AgentProfile.claude(command: ["/opt/claude", "--model", "opus"])
        let result = try invocation(profile, "go", ["session_id": "0b1c-2"], systemPromptFile: "/p/marie.md")
        #expect(
            result.arguments
                == [
                    "/opt/claude", "--model", "opus", "--system-prompt-file", "/p/marie.md", "--resume", "0b1c-2", "-p",
                    "go",
                ]
        )
    }

    @Test func claudeWithPricesTellsItsAnswersInPieces() throws {
        var profile = AgentProfile(name: try AgentName("cc"), kind: .claude, arguments: ["claude"])
        #expect(try !invocation(profile, "go").arguments.contains("--include-partial-messages"))
        profile.prices = PriceList(["*": TokenPrices(input: 1, output: 1)])
        #expect(try invocation(profile, "go").arguments.contains("--include-partial-messages"))
    }

    @Test func aProfilesOwnPromptFileComesFirst() throws {
        var profile = AgentProfile.claude()
        profile.systemPromptFile = "/own.md"
        let result = try invocation(profile, "go", systemPromptFile: "/worker.md")
        #expect(result.arguments == ["claude", "--system-prompt-file", "/own.md", "-p", "go"])
    }

    @Test func textThatStartsWithADashGoesToStandardInput() throws {
        for text in ["--help", "- first\n- second", "-"] {
            let result = try invocation(text)
            #expect(result.arguments == ["claude", "-p"])
            #expect(result.input == Array(text.utf8))
        }
    }

    @Test func longTextGoesToStandardInput() throws {
        let limit = 100 * 1024
        #expect(try invocation(String(repeating: "a", count: limit)).input == nil)
        let long = String(repeating: "é", count: limit / 2) + "x"
        let result = try invocation(long)
        #expect(result.arguments == ["claude", "-p"])
        #expect(result.input == Array(long.utf8))
    }

    @Test func aProfileCanAlwaysUseStandardInput() throws {
        var profile = AgentProfile.claude()
        profile.promptChannel = .standardInput
        let result = try invocation(profile, "go")
        #expect(result.arguments == ["claude", "-p"])
        #expect(result.input == Array("go".utf8))
    }

    // MARK: Commands

    @Test func everyPlaceholderIsReplacedOnceAndNothingElse() throws {
        let profile = try makeCommand([
            "tool", "--id={task_id}", "{worker}/{attempt}", "{session_id}", "{system_prompt_file}", "{description}",
            "{unknown} {} { {{attempt}} {Description}", "{attempt",
        ])
        let result = try invocation(
            profile,
            "{task_id} {description}",
            ["session_id": "s-1"],
            systemPromptFile: "/p.md"
        )
        #expect(
            result.arguments == [
                "tool", "--id=t-1", "marie/2", "s-1", "/p.md", "{task_id} {description}",
                "{unknown} {} { {2} {Description}", "{attempt",
            ]
        )
        #expect(result.input == nil)
    }

    @Test func whatIsMissingIsEmpty() throws {
        let result = try invocation(makeCommand(["tool", "[{session_id}{system_prompt_file}]", "{description}"]), "go")
        #expect(result.arguments == ["tool", "[]", "go"])
    }

    @Test func aCommandCanGetTheDescriptionOnStandardInput() throws {
        let text = "--rm \u{1F600}\n"
        let result = try invocation(makeCommand(["tool", "-"], .standardInput), text)
        #expect(result.arguments == ["tool", "-"])
        #expect(result.input == Array(text.utf8))
    }

    @Test func aDescriptionNeverBecomesAnOptionOfACommand() throws {
        for arguments in [["tool", "{description}"], ["tool", "-m", "{description}x"]] {
            let error = #expect(throws: AgentError.self) { try invocation(makeCommand(arguments), "-rf /") }
            #expect(error?.code == .promptLooksLikeOption)
            #expect(error?.failure.isPermanent == true)
        }
        let safe = try invocation(makeCommand(["tool", "--", "{description}"]), "-rf /")
        #expect(safe.arguments == ["tool", "--", "-rf /"])
        let joined = try invocation(makeCommand(["tool", "--message={description}"]), "- a list")
        #expect(joined.arguments == ["tool", "--message=- a list"])
    }

    @Test func anArgumentIsAtMostWhatTheKernelTakes() throws {
        let profile = try makeCommand(["tool", "x{description}"])
        let fits = String(repeating: "a", count: 131_070)
        #expect(try invocation(profile, fits).arguments[1].utf8.count == 131_071)
        let error = #expect(throws: AgentError.self) { try invocation(profile, fits + "a") }
        #expect(error?.code == .promptTooLong)
        #expect(
            error?.message
                == "the description has 131071 bytes, too many for an argument of tool (at most 131071); shorten it, "
                + "or give the profile tool prompt: \"stdin\""
        )
        #expect(try invocation(makeCommand(["tool"], .standardInput), fits + "aa").input?.count == 131_072)
    }

    // MARK: Tasks that cannot be started

    @Test func aZeroByteIsRefusedBeforeAnythingStarts() throws {
        for profile in [AgentProfile.claude(), try makeCommand(["tool"], .standardInput)] {
            let error = #expect(throws: AgentError.self) { try invocation(profile, "a\u{0}b") }
            #expect(error?.code == .promptHasZeroByte)
            #expect(error?.failure.isPermanent == true)
        }
    }

    @Test func aSessionIsNeverAnOption() throws {
        for session in [
            "--dangerously-skip-permissions", "-x", "a b", "../x", "é", String(repeating: "a", count: 257),
        ] {
            let error = #expect(throws: AgentError.self) { try invocation("go", ["session_id": .string(session)]) }
            #expect(error?.code == .invalidSessionID, "\(session)")
        }
        #expect(
            try invocation("go", ["session_id": "Aa0._:-"]).arguments == ["claude", "--resume", "Aa0._:-", "-p", "go"]
        )
    }
}

@Suite struct ShellWordsTests {
    @Test(arguments: [
        ("claude", ["claude"]), ("  a\tb\n c  ", ["a", "b", "c"]), ("'a b' \"c d\"", ["a b", "c d"]),
        ("a'b'\"c\"d", ["abcd"]), ("''", [""]), ("a \"\" b", ["a", "", "b"]), (#"a\ b \\ \'"#, ["a b", "\\", "'"]),
        (#""\"\\\n$x""#, [#""\\n$x"#]), (#"'\'"#, ["\\"]),
        ("$HOME ~ *.c | x; y & `z`", ["$HOME", "~", "*.c", "|", "x;", "y", "&", "`z`"]),
        ("", []), ("'é\u{301}' e\u{301}", ["é\u{301}", "e\u{301}"]),
    ])
    func aLineIsSplitAsAShellWouldWithoutExpandingAnything(_ line: String, _ words: [String]) {
        #expect(ShellWords.split(line) == words)
    }

    @Test(arguments: ["'", "\"", "a 'b", "\"a\\\"", "a\\"])
    func anOpenQuoteIsRefused(_ line: String) {
        #expect(ShellWords.split(line) == nil)
    }

    @Test(arguments: [
        ["claude", "--model=x"], ["a b", "", "it's", "\"", "\\", "$x", "é", "'", "\u{301}'"], [],
    ])
    func joinedWordsAreSplitTheSameWay(_ words: [String]) {
        #expect(ShellWords.split(ShellWords.join(words)) == words)
    }

    @Test func claudeGetsItsPromptOnStandardInputAndPrintsEvents() throws {
        let profile = AgentProfile(name: try AgentName("cc"), kind: .claude, arguments: ["claude", "--model", "m"])
        var context = try makeContext(environment: [
            "HOME": "/h", "SECRET": "x", "CLAUDECODE": "1", "SHELL": "/bin/zsh",
        ])
        let plain = try profile.invocation(for: try makeTask("--do /it"), in: context)
        #expect(plain.arguments == ["claude", "--model", "m", "-p", "--output-format", "stream-json", "--verbose"])
        #expect(plain.input == Array("--do /it".utf8))
        for variable in ["CLAUDE_CODE_DISABLE_BACKGROUND_TASKS=1", "CLAUDE_CODE_MAX_RETRIES=2", "SHELL=/bin/zsh"] {
            #expect(plain.environment.contains(variable))
        }
        #expect(!plain.environment.contains { $0.hasPrefix("SECRET=") || $0.hasPrefix("CLAUDECODE=") })
        context.maxCostUSD = 0.25
        let resumed = try profile.invocation(for: try makeTask("/compact", ["session_id": "s-1"]), in: context)
        #expect(resumed.arguments.suffix(4) == ["--resume", "s-1", "--max-budget-usd", "0.25"])
        #expect(resumed.input == Array(" /compact".utf8))
    }

    @Test func codexAndOtherAgentsResumeInTheirOwnWords() throws {
        let codex = AgentProfile(name: try AgentName("cx"), kind: .codex, arguments: ["codex"])
        let fresh = try codex.invocation(for: try makeTask("go"), in: try makeContext())
        #expect(fresh.arguments == ["codex", "exec", "--json", "--skip-git-repo-check", "-"])
        let task = try makeTask("go", ["session_id": "s-1"])
        let resumed = try codex.invocation(for: task, in: try makeContext())
        #expect(resumed.arguments == ["codex", "exec", "--json", "--skip-git-repo-check", "resume", "s-1", "-"])
        var own = try makeCommand(["own", "{resume}", "run"], .standardInput)
        own.resumeArguments = ["--session={session_id}"]
        #expect(try own.invocation(for: task, in: try makeContext()).arguments == ["own", "--session=s-1", "run"])
        #expect(try own.invocation(for: try makeTask("go"), in: try makeContext()).arguments == ["own", "run"])
    }

    // MARK: Sessions that go on

    @Test func sessionOfAnEarlierAttemptComesBeforeTheTasks() throws {
        var context = try makeContext()
        context.sessionID = "s-2"
        context.prompt = SessionPrompt.goOn(after: .usageLimit)
        let task = try makeTask("go", ["session_id": "s-1"])
        let profile = AgentProfile(name: try AgentName("cc"), kind: .claude, arguments: ["claude"])
        let result = try profile.invocation(for: task, in: context)
        #expect(result.arguments.suffix(2) == ["--resume", "s-2"])
        #expect(result.input == Array(SessionPrompt.goOn(after: .usageLimit).utf8))
        context.prompt = nil
        #expect(try profile.invocation(for: task, in: context).input == Array("go".utf8))
    }

    @Test func onlyATemplateWithAPlaceForItCanResume() throws {
        for words in [["tool"], ["tool", "{description}", "{ses"]] { #expect(!(try makeCommand(words).canResume)) }
        for words in [["tool", "{resume}"], ["tool", "--session={session_id}"]] {
            #expect(try makeCommand(words).canResume)
        }
        for kind in [AgentProfile.Kind.claudeText, .claude, .codex] {
            #expect(AgentProfile(name: try AgentName("cc"), kind: kind, arguments: ["x"]).canResume)
        }
    }

    @Test func agentIsToldWhyItsSessionWasCutOff() {
        let rest = """
            . Go on where it stopped. Look at the present state first: a command that ran then may have done all of its \
            work, a part of it, or nothing. Do not do again what is done. At the end, answer as the task asks.
            """
        let causes: [(FailureReason?, String)] = [
            (.interrupted, "the program was stopped from outside"), (nil, "the program was stopped from outside"),
            (.usageLimit, "the usage limit was reached, and there is room again"),
            (.budgetExceeded, "its money was spent, and there is some again"),
            (.timeout, "it had taken as long as it may"), (.agentError, "the service had failed"),
            (.signal, "the program had ended without a result"), (.noResult, "the program had ended without a result"),
        ]
        for (cause, words) in causes {
            let expected = "Your session was cut off before the work was done: " + words + rest
            #expect(SessionPrompt.goOn(after: cause) == expected)
        }
    }
}
