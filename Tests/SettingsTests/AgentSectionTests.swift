// SPDX-License-Identifier: Apache-2.0
// The agent profiles of the configuration file.

import Agents
import QueueModel
import Settings
import Testing

@Suite struct AgentSectionTests {
    private func profile(_ name: String, _ file: String) throws -> AgentProfile? {
        try Given(environment: ["CLAUDE_COMMAND": "cc --fast"], file: file).load().settings.profile(
            named: AgentName(name)
        )
    }

    @Test func theBuiltInProfileIsAlwaysThere() throws {
        let settings = try Given(environment: ["CLAUDE_COMMAND": "'my claude' --model opus"]).load().settings
        #expect(settings.agents.count == 1)
        #expect(settings.profile(named: nil) == .claude(command: ["my claude", "--model", "opus"]))
        #expect(settings.profile(named: try AgentName("other")) == nil)
    }

    @Test func aWholeProfileIsRead() throws {
        let file = """
            { agents: { reviewer: { command: ["review", "--task={description}"], prompt: "argument",
              environment: ["OPENAI_*", "TOKEN"], cwd: "work", system_prompt_file: "/p.md" } } }
            """
        let expected = AgentProfile(
            name: try AgentName("reviewer"),
            kind: .command,
            arguments: ["review", "--task={description}"],
            promptChannel: .argument,
            environment: ["OPENAI_*", "TOKEN"],
            workingDirectory: "/root/work",
            systemPromptFile: "/p.md"
        )
        #expect(try profile("reviewer", file) == expected)
    }

    @Test func agentsThatPrintEventsAreProfilesToo() throws {
        let file = """
            { agents: { cc: { kind: "claude", denials: "accept", account: "team" }, cx: { kind: "codex" },
              own: { kind: "events", command: ["own", "{resume}", "run"], resume: ["--session", "{session_id}"],
                events: [ { when: { type: "end" }, outcome: "completed", output: "answer.text" },
                          { when: { type: "error" }, outcome: "failed", message: "text" } ],
                patterns: [ { text: "quota", class: "usage_limit" } ] } } }
            """
        #expect(try profile("cc", file)?.kind == .claude)
        #expect(try profile("cc", file)?.arguments == ["cc", "--fast"])
        #expect(try profile("cc", file)?.acceptsDenials == true)
        #expect(try profile("cc", file)?.limitAccount.string == "team")
        #expect(try profile("cx", file)?.kind == .codex)
        #expect(try profile("cx", file)?.arguments == ["codex"])
        #expect(try profile("cx", file)?.limitAccount.string == "cx")
        let mapping = EventMapping(
            rules: [
                .init(when: ["type": "end"], outcome: .completed, facts: [.output: "answer.text"]),
                .init(when: ["type": "error"], outcome: .failed(nil), facts: [.message: "text"]),
            ],
            patterns: [.init(text: "quota", failureClass: .usageLimit)]
        )
        #expect(try profile("own", file)?.kind == .events(mapping))
        #expect(try profile("own", file)?.promptChannel == .standardInput)
        #expect(try profile("own", file)?.resumeArguments == ["--session", "{session_id}"])
    }

    @Test func aProfileSaysWhenItIsTakenForHung() throws {
        let file = """
            { agents: { cc: { kind: "claude", start_timeout: 5, silence_timeout: "20m", tool_timeout: 0 },
              bad: { kind: "claude", result_grace: "soon" } } }
            """
        let good = file.replacing(#""soon""#, with: #""1.5s""#)
        let expected = LivenessLimits(start: .seconds(5), silence: .seconds(1200), tool: .zero)
        #expect(try profile("cc", good)?.liveness == expected)
        #expect(try profile("bad", good)?.liveness == LivenessLimits(afterResult: .milliseconds(1500)))
        #expect(throws: (any Error).self) { try profile("bad", file) }
    }

    @Test func aProfileSaysWhatItsModelsCost() throws {
        let file = """
            { agents: { cc: { kind: "claude", prices: { "claude-sonnet-*": { input: 3, output: 15, cache_read: 0.3 } } } } }
            """
        let expected = PriceList(["claude-sonnet-*": TokenPrices(input: 3, output: 15, cacheWrite: 3, cacheRead: 0.3)])
        #expect(try profile("cc", file)?.prices == expected)
    }

    @Test(arguments: [
        ("kind: 'claude', prices: []", "give an object"),
        ("kind: 'claude', prices: { m: { input: 3 } }", "US dollars for a million tokens"),
        ("kind: 'claude', prices: { m: { input: 3, output: -1 } }", "US dollars for a million tokens"),
        ("kind: 'claude', prices: { m: { input: 3, output: 1, more: 1 } }", "prices.m.more"),
        ("command: 'x', prices: { m: { input: 3, output: 1 } }", "prints events"),
        ("kind: 'claude', tool_timeout: []", "such as 90s"),
        ("kind: 'claude', tool_timeout: -1", "0 to switch it off"),
        ("kind: 'events', command: 'x', events: []", "outcome: \"completed\""),
        ("kind: 'events', command: 'x', events: [{ outcome: 'completed' }]", "when"),
        ("kind: 'events', command: 'x', events: [{ when: { t: 'e' }, outcome: 'good' }]", "give one of completed"),
        ("kind: 'events', command: 'x', events: [{ when: { t: 'e' }, answer: 'a' }]", "give one of when"),
        ("kind: 'events', events: [{ when: { t: 'e' }, outcome: 'completed' }]", "give a program"),
        ("kind: 'command', command: 'x', events: []", "kind \"events\""),
        ("command: ['x', '{resume}']", "say here what stands for it"),
        ("kind: 'claude', resume: ['--x']", "{resume}"),
        ("kind: 'claude', denials: 'no'", "accept, fail"),
    ])
    func whatIsWrongWithEventsIsSaid(_ fields: String, _ words: String) {
        do {
            _ = try profile("own", "{ agents: { own: { \(fields) } } }")
            Issue.record("accepted: \(fields)")
        } catch {
            #expect("\(error)".contains(words), "\(error)")
        }
    }

    @Test func theChannelFollowsThePlaceholder() throws {
        let file = "{ agents: { a: { command: ['x', '{description}'] }, b: { command: 'x --flag' } } }"
        #expect(try profile("a", file)?.promptChannel == .argument)
        #expect(try profile("b", file)?.promptChannel == .standardInput)
        #expect(try profile("b", file)?.arguments == ["x", "--flag"])
    }

    @Test func aProfileWithoutACommandIsTheBuiltInWithChanges() throws {
        let file = "{ agents: { claude: { environment: ['AWS_*'] }, piped: { prompt: 'stdin', cwd: '/w' } } }"
        #expect(try profile("claude", file)?.kind == .claudeText)
        #expect(try profile("claude", file)?.arguments == ["cc", "--fast"])
        #expect(try profile("claude", file)?.environment == ["AWS_*"])
        #expect(try profile("piped", file)?.arguments == ["cc", "--fast"])
        #expect(try profile("piped", file)?.promptChannel == .standardInput)
    }

    @Test func aProfileCanBeClaudeWithItsOwnCommand() throws {
        let file = "{ agents: { opus: { kind: 'claude-text', command: ['claude', '--model', 'opus'] } } }"
        #expect(try profile("opus", file)?.kind == .claudeText)
        #expect(try profile("opus", file)?.arguments == ["claude", "--model", "opus"])
    }

    @Test(arguments: [
        ("{ Bad: {} }", "agents.Bad (F): a profile is named by"),
        ("{ a: 1 }", "agents.a (F): give an object with the keys"),
        ("{ a: { comand: ['x'] } }", "agents.a.comand (F): did you mean command?"),
        ("{ a: { command: [] } }", "agents.a.command (F): give a program and its arguments"),
        ("{ a: { command: ['x', 1] } }", "agents.a.command (F): give a program and its arguments"),
        ("{ a: { command: [''] } }", "agents.a.command (F): give a program and its arguments"),
        ("{ a: { command: \"x 'y\" } }", "agents.a.command (F): give a program and its arguments"),
        ("{ a: { command: ['x\\u0000'] } }", "agents.a.command (F): give a program and its arguments"),
        ("{ a: { kind: 'command' } }", "agents.a.command (F): command: give a program"),
        (
            "{ a: { kind: 'shell', command: 'x' } }",
            "agents.a.kind (F): give one of claude, claude-text, codex, command, events"
        ),
        (
            "{ a: { command: 'x', prompt: 'argument' } }",
            "agents.a.prompt (F): no argument of the command holds {description}"
        ),
        (
            "{ a: { command: ['x', '{description}'], prompt: 'stdin' } }",
            "agents.a.prompt (F): the command holds {description}"
        ),
        ("{ a: { command: ['{description}'] } }", "agents.a.command (F): a task cannot name the program"),
        ("{ a: { command: 'x', prompt: 'pipe' } }", "agents.a.prompt (F): give one of argument, stdin"),
        ("{ a: { command: 'x', environment: ['*'] } }", "agents.a.environment (F): give a list of variable names"),
        ("{ a: { command: 'x', environment: ['A=B'] } }", "agents.a.environment (F): give a list of variable names"),
        ("{ a: { command: 'x', environment: 'A' } }", "agents.a.environment (F): give a list of variable names"),
        ("{ a: { command: 'x', verify: 'make test' } }", "agents.a.verify (F): give the name of a check"),
        ("{ a: { command: 'x', verify: ['tests'] } }", "agents.a.verify (F): there is no check tests"),
        ("{ a: { command: 'x', cwd: '' } }", "agents.a.cwd (F): give a path"),
        ("{ a: { command: 'x', system_prompt_file: 3 } }", "agents.a.system_prompt_file (F): give a path"),
    ])
    func aWrongProfileIsRefusedWithItsKey(_ section: String, _ start: String) {
        let problems = Given(file: "{ agents: \(section) }").problems
        let expected = start.replacing("(F)", with: "(/root/vigil.json5)")
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    }

    @Test func checksAreReadAndProfilesNameThem() throws {
        let file = """
            { agents: { a: { command: 'x', verify: 'tests' }, b: { command: 'x', verify: ['lint', 'tests'] } },
              verify: { tests: { command: ['make', 'test'], timeout: '20m', environment: ['CI_*'] },
                        lint: { command: 'make lint' }, quick: { command: 'true', timeout: 5 } } }
            """
        let settings = try Given(file: file).load().settings
        let (tests, lint) = (try CheckName("tests"), try CheckName("lint"))
        #expect(settings.checks.count == 3)
        #expect(
            settings.checks[tests]
                == Check(name: tests, arguments: ["make", "test"], timeout: .seconds(1_200), environment: ["CI_*"])
        )
        #expect(settings.checks[lint] == Check(name: lint, arguments: ["make", "lint"], timeout: .seconds(600)))
        #expect(settings.checks[try CheckName("quick")]?.timeout == .seconds(5))
        #expect(settings.profile(named: try AgentName("a"))?.checks == [tests])
        #expect(settings.profile(named: try AgentName("b"))?.checks == [lint, tests])
    }

    @Test(arguments: [
        ("{ Bad: {} }", "verify.Bad (F): a check is named by"),
        ("{ a: 'make test' }", "verify.a (F): give an object with the keys command, timeout, environment"),
        ("{ a: { comand: ['x'] } }", "verify.a.comand (F): did you mean command?"),
        ("{ a: {} }", "verify.a.command (F): give a program and its arguments"),
        ("{ a: { command: [] } }", "verify.a.command (F): give a program and its arguments"),
        ("{ a: { command: 'x', timeout: 0 } }", "verify.a.timeout (F): give a time from 1 second to 1 day"),
        ("{ a: { command: 'x', timeout: [1] } }", "verify.a.timeout (F): give a time from 1 second to 1 day"),
        ("{ a: { command: 'x', environment: ['*'] } }", "verify.a.environment (F): give a list of variable names"),
        ("[]", "verify (F): give an object of checks by their names"),
    ])
    func aWrongCheckIsRefusedWithItsKey(_ section: String, _ start: String) {
        let problems = Given(file: "{ verify: \(section) }").problems
        let expected = start.replacing("(F)", with: "(/root/vigil.json5)")
        #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    }

    @Test func allProblemsOfAllProfilesAreReported() {
        let problems = Given(file: "{ agents: { a: { command: 1, cwd: 1 }, b: 2 } }").problems
        #expect(problems.count == 3)
        #expect(
            Given(file: "{ agents: [] }").problems == [
                "agents (/root/vigil.json5): give an object of profiles by their names"
            ]
        )
    }
}
