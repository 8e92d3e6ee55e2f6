// SPDX-License-Identifier: Apache-2.0
// Where the root and the configuration file are.

import Settings
import Testing

@Suite struct PlaceTests {
    private func root(
        _ environment: [String: String],
        flags: [(flag: String, value: String)] = [],
        directories: Set<String> = []
    ) throws -> String {
        var environment = environment
        if environment["VIGIL_ROOT"] == nil { environment["VIGIL_ROOT"] = "-" }
        return try Given(flags: flags, environment: environment, directories: directories).load().settings.root
    }

    @Test func theRootIsTheOlderSystemsWhenItExists() throws {
        #expect(try root(["HOME": "/home/u"], directories: ["/shared"]) == "/shared")
    }

    @Test func theRootIsElseAmongTheStateOfTheUser() throws {
        #expect(try root(["XDG_STATE_HOME": "/state", "HOME": "/home/u"]) == "/state/vigil")
        #expect(try root(["XDG_STATE_HOME": "state", "HOME": "/home/u"]) == "/home/u/.local/state/vigil")
        #expect(try root(["HOME": "/home/u"]) == "/home/u/.local/state/vigil")
    }

    @Test func aRelativeRootIsSeenFromTheCurrentDirectory() throws {
        #expect(try root(["VIGIL_ROOT": "q/"]) == "/here/q")
        #expect(try root(["VIGIL_ROOT": "q"], flags: [("root", ".")]) == "/here")
    }

    @Test func withoutAnyRootThatIsTheProblem() {
        let problems = Given(environment: ["VIGIL_ROOT": "-"]).problems
        #expect(problems == ["VIGIL_ROOT (default): neither /shared nor HOME is there; give a directory"])
    }

    @Test func aRootThatIsAFileIsRefused() {
        let given = Given(environment: ["VIGIL_ROOT": "/f"], otherFiles: ["/f": ""])
        #expect(given.problems == ["VIGIL_ROOT=/f (environment): this is not a directory"])
    }

    @Test func directoriesMoveAloneAndRelativeOnesStayUnderTheRoot() throws {
        let settings = try Given(environment: ["TASK_DIR": "/fast/tasks/", "DLQ_DIR": "dead/./letters"]).load().settings
        #expect(settings.taskDirectory == "/fast/tasks")
        #expect(settings.deadLetterDirectory == "/root/dead/letters")
        #expect(settings.resultDirectory == "/root/results")
        #expect(settings.triggerDirectory == "/root/triggers")
        #expect(settings.heartbeatDirectory == "/root/heartbeats")
        #expect(settings.pipeDirectory == "/root/pipes")
        #expect(settings.stateFile == "/root/orchestrator_state.json")
    }

    @Test func aNamedFileIsReadInsteadOfTheOneInTheRoot() throws {
        var given = Given(file: "{ max_retries: 1 }", otherFiles: ["/here/my.json5": "{ max_retries: 2 }"])
        given.environment["VIGIL_CONFIG"] = "my.json5"
        #expect(try given.load().settings.maxRetries == 2)
        #expect(try given.load().settings.configurationFile == "/here/my.json5")
        given.flags = [("config", "/root/vigil.json5")]
        #expect(try given.load().settings.maxRetries == 1)
        given.flags = [("config", "none")]
        #expect(try given.load().settings.maxRetries == 3)
    }

    @Test func aNamedFileThatIsNotThereIsAProblem() {
        let given = Given(environment: ["VIGIL_CONFIG": "/no.json5"])
        #expect(given.problems == ["VIGIL_CONFIG=/no.json5 (environment): there is no such file"])
    }

    @Test func aNamedFileMayNameTheRoot() throws {
        let given = Given(
            environment: ["VIGIL_ROOT": "-", "VIGIL_CONFIG": "/etc/vigil.json5"],
            otherFiles: ["/etc/vigil.json5": "{ vigil_root: '../srv' }"]
        )
        #expect(try given.load().settings.root == "/etc/../srv")
        #expect(try given.load().settings.taskDirectory == "/etc/../srv/tasks")
    }

    @Test func aFileFoundInTheRootCannotNameAnother() {
        let given = Given(
            environment: ["VIGIL_ROOT": "-", "HOME": "/h"],
            otherFiles: ["/h/.local/state/vigil/vigil.json5": "{ vigil_root: '/srv' }"]
        )
        #expect(given.problems.count == 1)
        #expect(given.problems.first?.contains("this file was found in another root") == true)
    }

    @Test func aFileCannotNameItself() {
        #expect(
            Given(file: "{ vigil_config: 'x' }").problems
                == ["VIGIL_CONFIG (/root/vigil.json5): this cannot be set in the file itself"]
        )
    }

    @Test func aFileThatCannotBeReadIsAProblem() {
        var given = Given()
        given.unreadable = ["/root/vigil.json5"]
        #expect(given.problems == ["/root/vigil.json5: cannot be read: Permission denied"])
    }

    @Test func syntaxErrorsTellFileLineAndColumn() {
        #expect(
            Given(file: "{\n  max_retries: ,\n}").problems
                == ["/root/vigil.json5: line 2, column 16: expected a value, found \",\""]
        )
        #expect(Given(file: "[]").problems == ["/root/vigil.json5: the file must hold one object, in braces"])
    }
}
