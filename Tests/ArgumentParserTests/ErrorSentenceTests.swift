// SPDX-License-Identifier: Apache-2.0
// The sentences for what was typed wrong, to the letter.

import ArgumentParser
import Testing

/// One mistake and what the user is told.
struct Mistake: CustomTestStringConvertible {
    var arguments: [String]
    var sentence: String
    var testDescription: String { sentence }

    static let all: [Mistake] = [
        Mistake(
            arguments: ["send", "home", "books", "--prioritty", "3"],
            sentence: "Unknown option '--prioritty'. Did you mean '--priority'?"
        ),
        Mistake(
            arguments: ["send", "home", "-priority", "3"],
            sentence: "Unknown option '-priority'. Did you mean '--priority'?"
        ),
        Mistake(
            arguments: ["list", "--no-colour=1"],
            sentence: "Unknown option '--no-colour'. Did you mean '--no-color'?"
        ),
        Mistake(arguments: ["list", "--hlep"], sentence: "Unknown option '--hlep'. Did you mean '--help'?"),
        Mistake(arguments: ["send", "--tracee", "1"], sentence: "Unknown option '--tracee'"),
        Mistake(arguments: ["list", "--qqqqqqq"], sentence: "Unknown option '--qqqqqqq'"),
        Mistake(arguments: ["list", "-=x"], sentence: "Unknown option '-'"),
        Mistake(arguments: ["send", "-vx"], sentence: "Unknown option '-vx'"),
        Mistake(arguments: ["send", "-wv", "1"], sentence: "Unknown option '-wv'"),
        Mistake(arguments: ["lsit"], sentence: "Unknown command 'lsit'. Did you mean 'list'?"),
        Mistake(arguments: ["--no-color", "snd"], sentence: "Unknown command 'snd'. Did you mean 'send'?"),
        Mistake(arguments: ["help", "depot", "exce"], sentence: "Unknown command 'exce'. Did you mean 'exec'?"),
        Mistake(arguments: ["secrett"], sentence: "Unknown command 'secrett'"),
        Mistake(arguments: ["frobnicate"], sentence: "Unknown command 'frobnicate'"),
        Mistake(arguments: ["send"], sentence: "Missing expected argument '<address>'"),
        Mistake(arguments: ["send", "home"], sentence: "Missing expected argument '<contents> ...'"),
        Mistake(arguments: ["send", "--priority"], sentence: "Missing value for '--priority <priority>'"),
        Mistake(arguments: ["send", "--after", "--verbose"], sentence: "Missing value for '--after <id>'"),
        Mistake(arguments: ["send", "--after", "--", "x"], sentence: "Missing value for '--after <id>'"),
        Mistake(arguments: ["send", "-w"], sentence: "Missing value for '-w <w>'"),
        Mistake(arguments: ["list", "--columns"], sentence: "Missing value for '--columns <columns>'"),
        Mistake(
            arguments: ["send", "--priority=high"],
            sentence: "The value 'high' is invalid for '--priority <priority>'"
        ),
        Mistake(
            arguments: ["send", "--priority", "99999999999999999999"],
            sentence: "The value '99999999999999999999' is invalid for '--priority <priority>'"
        ),
        Mistake(
            arguments: ["send", "--speed", "quick"],
            sentence:
                "The value 'quick' is invalid for '--speed <speed>'. Please provide one of 'slow', 'normal' or 'fast'."
        ),
        Mistake(
            arguments: ["send", "-w", "heavy"],
            sentence: "The value 'heavy' is invalid for '-w <w>': not a number of kilograms"
        ),
        Mistake(arguments: ["send", "--verbose=2"], sentence: "The flag '--verbose' takes no value"),
        Mistake(arguments: ["list", "a", "b"], sentence: "Unexpected argument 'b'"),
        Mistake(arguments: ["list", "a", "--", "b", "--c"], sentence: "2 unexpected arguments: 'b', '--c'"),
        Mistake(
            arguments: ["send", "home", "books", "--priority", "-500"],
            sentence: "The priority -500 is not in -100...100."
        ),
        Mistake(arguments: ["list", "--limit", "0"], sentence: "The limit 0 is not positive."),
        Mistake(arguments: ["list", "--\u{1B}[2J\u{9B}1m"], sentence: "Unknown option '--\\u{1B}[2J\\u{009B}1m'"),
    ]
}

@Suite("Usage errors")
struct ErrorSentenceTests {
    @Test(arguments: Mistake.all)
    func everyMistakeHasItsSentence(mistake: Mistake) {
        let (text, code) = outcome(mistake.arguments)
        let firstLine = text.split(separator: "\n").first.map(String.init)
        #expect(firstLine == "Error: " + mistake.sentence)
        #expect(code == 64)
    }

    @Test func theUsageAndAPointerToHelpFollow() {
        let expected = """
            Error: Unknown option '--prioritty'. Did you mean '--priority'?
            Usage: tool send [<options>] <address> <contents> ...
              See 'tool send --help' for more information.
            """
        #expect(outcome(["send", "--prioritty"]).text == expected)
    }

    @Test func theArgumentThatIsMeantIsExplained() {
        let expected = """
            Error: Missing value for '--limit <limit>'
            Help:  --limit <limit>  At most this many.
            Usage: tool list [<options>] [<id>]
              See 'tool list --help' for more information.
            """
        #expect(outcome(["list", "--limit"]).text == expected)
    }

    @Test func theMessageAloneHasNoUsage() {
        let error = #expect(throws: (any Error).self) { try Tool.parseAsRoot(["lsit"]) }
        #expect(error.map { Tool.message(for: $0) } == "Unknown command 'lsit'. Did you mean 'list'?")
    }
}
