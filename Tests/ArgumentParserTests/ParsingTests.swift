// SPDX-License-Identifier: Apache-2.0
// What was typed and what a command gets.

import ArgumentParser
import TestSupport
import Testing

@Suite("Parsing")
struct ParsingTests {
    @Test func defaultsApplyWhenNothingIsTyped() throws {
        let send = try #require(try parsed("send", "home", "books", as: Send.self))
        #expect(send.address == "home" && send.contents == ["books"])
        #expect(send.priority == 3 && send.speed == .normal && send.after.isEmpty && send.weight == nil)
        #expect(send.verbose == 0 && !send.dryRun && send.trace == nil && send.output.color)
    }

    @Test func optionsAndPositionalsMix() throws {
        let send = try #require(
            try parsed("send", "--priority", "7", "home", "--speed=fast", "books", "-n", "papers", as: Send.self)
        )
        #expect(send.priority == 7 && send.speed == .fast && send.dryRun)
        #expect(send.address == "home" && send.contents == ["books", "papers"])
    }

    @Test(arguments: [["-p", "5"], ["-p=5"], ["--priority", "5"], ["--priority=5"], ["-p", "1", "-p", "5"]])
    func valuesFollowOrAreJoinedByAnEqualsSignAndTheLastOneCounts(option: [String]) throws {
        let send = try Tool.parseAsRoot(["send", "a", "b"] + option) as? Send
        #expect(send?.priority == 5)
    }

    @Test func negativeNumbersAreValues() throws {
        #expect(try parsed("send", "-p", "-5", "a", "b", as: Send.self)?.priority == -5)
        #expect(try parsed("send", "a", "-5", "-.5", "-1d", as: Send.self)?.contents == ["-5", "-.5", "-1d"])
    }

    @Test func aDigitCanBeAnOption() throws {
        struct Top: ParsableCommand {
            @Flag(name: .customShort("1")) var once = false
            @Argument var number: Int?
        }
        #expect(try Top.parse(["-1"]).once)
        #expect(try Top.parse(["-2"]).number == -2)
    }

    @Test func aSingleDashIsAValue() throws {
        #expect(try parsed("list", "-", as: List.self)?.id == "-")
        #expect(try parsed("list", "--state", "-", as: List.self)?.filters.state == "-")
    }

    @Test func twoDashesEndTheOptions() throws {
        let send = try #require(try parsed("send", "--", "home", "--priority", "--", "-x", as: Send.self))
        #expect(send.contents == ["--priority", "--", "-x"] && send.priority == 3)
    }

    @Test func theValueKeepsItsEqualsSignsAndItsMarks() throws {
        #expect(try parsed("list", "--state=a=b=", as: List.self)?.filters.state == "a=b=")
        #expect(try parsed("list", "--state=", as: List.self)?.filters.state == "")
        #expect(try parsed("list", "--state=\u{338}x", as: List.self)?.filters.state == "\u{338}x")
    }

    @Test func repeatedOptionsCollect() throws {
        let send = try #require(try parsed("send", "a", "b", "--after", "x", "--after=y", as: Send.self))
        #expect(send.after == ["x", "y"])
    }

    @Test func upToNextOptionTakesSeveralValuesInsteadOfTheDefault() throws {
        let list = try #require(try parsed("list", "--columns", "a", "b", "--limit", "1", "c", as: List.self))
        #expect(list.columns == ["a", "b"] && list.id == "c" && list.filters.limit == 1)
        #expect(try parsed("list", as: List.self)?.columns == ["id", "state"])
    }

    @Test func remainingAndUnconditionalTakeWhateverFollows() throws {
        struct Run: ParsableCommand {
            @Option(parsing: .unconditional) var first = ""
            @Option(parsing: .unconditionalSingleValue) var each: [String] = []
            @Option(parsing: .remaining) var rest: [String] = []
            @Flag var flag = false
        }
        let run = try Run.parse(["--first", "--flag", "--each", "--", "--flag", "--rest", "--flag", "--", "x"])
        #expect(run.first == "--flag" && run.each == ["--"] && run.rest == ["--flag", "--", "x"] && run.flag)
    }

    @Test func passthroughTakesEverythingFromTheFirstPositionalOn() throws {
        let exec = try #require(
            try parsed("depot", "exec", "--quiet", "ls", "-l", "--quiet", "--", "x", as: Depot.Exec.self)
        )
        #expect(exec.quiet && exec.command == ["ls", "-l", "--quiet", "--", "x"])
        #expect(try parsed("depot", "exec", "--", "-l", "--", "x", as: Depot.Exec.self)?.command == ["-l", "--", "x"])
    }

    @Test func shortFlagsBundle() throws {
        #expect(try parsed("send", "-vvn", "-v", "a", "b", as: Send.self)?.verbose == 3)
        let send = try #require(try parsed("send", "-nvp", "9", "a", "b", as: Send.self))
        #expect(send.dryRun && send.verbose == 1 && send.priority == 9)
        #expect(try parsed("send", "-np=9", "a", "b", as: Send.self)?.priority == 9)
    }

    @Test func aShortOptionCanAllowItsValueToBeJoined() throws {
        struct Make: ParsableCommand {
            @Option(name: .customShort("j", allowingJoined: true)) var jobs: Int
            @Flag(name: .customLong("quick", withSingleDash: true)) var quick = false
        }
        #expect(try Make.parse(["-j8"]).jobs == 8)
        #expect(try Make.parse(["-j", "4", "-quick"]).quick)
    }

    @Test func theLastOfAFlagAndItsOppositeCounts() throws {
        #expect(try parsed("list", "--no-color", as: List.self)?.output.color == false)
        #expect(try parsed("list", "--no-color", "--color", as: List.self)?.output.color == true)
    }

    @Test func anOptionalFlagKnowsThreeStates() throws {
        struct Show: ParsableCommand {
            @Flag(inversion: .prefixedEnableDisable) var cache: Bool?
            @Flag var plain = true
        }
        #expect(try Show.parse([]).cache == nil)
        #expect(try Show.parse(["--enable-cache"]).cache == true)
        #expect(try Show.parse(["--disable-cache"]).cache == false)
        #expect(try Show.parse(["--plain"]).plain == false)
    }

    @Test func optionsBeforeTheSubcommandAreHandedOn() throws {
        #expect(try parsed("--no-color", "list", "x", as: List.self)?.output.color == false)
        #expect(throws: (any Error).self) { try Tool.parseAsRoot(["--limit", "3", "list"]) }
    }

    @Test func aliasesAndDefaultsNameCommands() throws {
        #expect(try parsed("ship", "a", "b", as: Send.self) != nil)
        #expect(try parsed("depot", as: Depot.Open.self)?.name == "main")
        #expect(try parsed("depot", "--name", "north", as: Depot.Open.self)?.name == "north")
    }

    @Test func requiredOptionsAndTransformedArgumentsAreTyped() throws {
        struct Weigh: ParsableCommand {
            @Option var unit: String
            @Option(transform: Weight.init(text:)) var limit = Weight(kilograms: 9)
            @Argument(transform: Weight.init(text:)) var weights: [Weight]
        }
        let weigh = try Weigh.parse(["--unit", "kg", "1", "2"])
        #expect(weigh.unit == "kg" && weigh.weights.map(\.kilograms) == [1, 2] && weigh.limit.kilograms == 9)
        #expect(throws: (any Error).self) { try Weigh.parse(["1"]) }
        #expect(throws: (any Error).self) { try Weigh.parse(["--unit", "kg"]) }
    }

    @Test func twoGroupsWithTheSamePropertyNamesKeepApart() throws {
        struct First: ParsableArguments { @Option(name: .customLong("first")) var value = 1 }
        struct Second: ParsableArguments { @Option(name: .customLong("second")) var value = 2 }
        struct Both: ParsableCommand {
            @OptionGroup var first: First
            @OptionGroup var second: Second
        }
        let both = try Both.parse(["--second", "5"])
        #expect(both.first.value == 1 && both.second.value == 5)
    }

    @Test func propertiesCanBeSetByHand() throws {
        var list = try List.parse([])
        list.id = "7"
        list.filters.limit = 3
        list.output.color = false
        #expect(list.id == "7" && list.filters.limit == 3 && !list.output.color)
    }

    @Test func readingBeforeParsingIsAProgrammingError() async {
        await #expect(processExitsWith: .failure) { _ = Send().priority }
    }
}

@Suite("Whatever is typed")
struct RobustnessTests {
    private static let pieces = [
        "", "-", "--", "---", "=", "-=", "--=", "-h", "--help", "--version", "send", "list", "depot", "exec", "help",
        "--priority", "--priority=", "-p", "-pv", "-vp", "-5", "-.", "-.5", "--speed", "fast", "--after", "--columns",
        "--no-color", "--color", "-w", "-w=1", "-vvv", "a", "\u{0}", "\u{301}", "-\u{301}", "--\u{301}", "\r\n", "👩‍👩‍👧",
        "--\u{1B}[0m", "99999999999999999999999", "-9223372036854775808", "--limit", "--state", "-n", "--name",
        String(repeating: "x", count: 10_000), "--" + String(repeating: "y", count: 10_000),
    ]

    @Test func parsingEndsInACommandOrASentence() {
        var generator = SeededGenerator.fromEnvironment()
        let seed = generator.seed
        for _ in 0..<2_000 {
            let arguments = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
            }
            do {
                _ = try Tool.parseAsRoot(arguments)
            } catch {
                let code = Tool.exitCode(for: error)
                #expect(code == .success || code == .validationFailure, "seed \(seed), \(arguments)")
                #expect(!Tool.fullMessage(for: error).isEmpty, "seed \(seed), \(arguments)")
            }
        }
    }
}
