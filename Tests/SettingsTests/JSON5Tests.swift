// SPDX-License-Identifier: Apache-2.0
// What the configuration file may look like, and what is said when it does not.

import Settings
import TestSupport
import Testing

@Suite struct JSON5Tests {
    /// Reads a value as the name of a directory, the setting that takes any text.
    private func text(_ literal: String) throws -> String {
        try Given(file: "{ task_dir: \(literal) }").load().settings.taskDirectory
    }

    @Test(arguments: [
        "{max_retries:7}", "{max_retries:7,}", "{'max_retries':7}", "{\"max_retries\":+7}",
        "// c\n{ /* a\n * b */ max_retries /**/ : /***/ 7 // end\n} // last", "\u{FEFF}{max_retries:7}",
        "{\u{A0}\u{2003}\tmax_retries\r\n:\n7\u{2028}}", "{max_retries:0x7}", "// a\r{max_retries:7}",
    ])
    func everyWayOfJSON5IsRead(_ file: String) throws {
        #expect(try Given(file: file).load().settings.maxRetries == 7)
    }

    @Test(arguments: [
        ("'/a'", "/a"), (#"'/\'\"\\'"#, "/'\"\\"), (#""/\x41\u0042""#, "/AB"), (#"'/\uD83D\uDE00'"#, "/😀"),
        ("'/é😀'", "/é😀"),
        ("'/a\\\nb'", "/ab"), ("'/a\\\r\nb'", "/ab"), (#"'/\b\f\n\r\t\v'"#, "/\u{8}\u{C}\n\r\t\u{B}"),
        (#"'/\q'"#, "/q"),
        ("'/\u{2028}'", "/\u{2028}"), ("'/\"'", "/\""),
    ])
    func stringsAreReadWithEveryEscape(_ literal: String, _ path: String) throws {
        #expect(try text(literal) == path)
    }

    @Test(arguments: [
        ("1.", 1.0), (".5e1", 5.0), ("5.25", 5.25), ("1e1", 10.0), ("10E-1", 1.0), ("+2.5", 2.5),
    ])
    func numbersAreReadInEveryForm(_ literal: String, _ value: Double) throws {
        #expect(try Given(file: "{ retry_backoff: \(literal) }").load().settings.retryBackoff == value)
    }

    @Test(arguments: [
        ("", "line 1, column 1: expected a value, found the end of the file"),
        ("{", "line 1, column 2: expected a name or \"}\", found the end of the file"),
        ("{} x", "line 1, column 4: nothing may follow the closing brace"),
        ("{a 1}", "line 1, column 4: expected \":\" after \"a\""),
        ("{a: 1 b: 2}", "line 1, column 7: expected \",\" or \"}\""),
        ("{a: [1 2]}", "line 1, column 8: expected \",\" or \"]\""),
        ("{a:\n 1,\n a: 2}", "line 3, column 2: \"a\" is given twice, first in line 1"),
        ("{a: 'x\ny'}", "line 1, column 5: this string has no end"),
        ("{a: 'x", "line 1, column 5: this string has no end"),
        ("{a: '\\", "line 1, column 6: this string has no end"),
        ("{a: yes}", "line 1, column 5: \"yes\" is not a value; text stands in quotes"),
        ("{a: 1x}", "line 1, column 5: expected a number"), ("{a: --1}", "line 1, column 5: expected a number"),
        ("{a: 1.2.3}", "line 1, column 5: expected a number"), ("{a: .}", "line 1, column 5: expected a number"),
        ("{a: 1e}", "line 1, column 5: expected a number"), ("{a: 0x}", "line 1, column 5: expected a number"),
        ("{a: +x}", "line 1, column 5: expected a number"),
        ("{a: 0x10000000000000000}", "line 1, column 5: this number is too large"),
        ("{a: '\\uD800'}", "line 1, column 6: half of a surrogate pair"),
        ("{a: '\\uD800\\u0041'}", "line 1, column 6: half of a surrogate pair"),
        ("{a: '\\uDC00'}", "line 1, column 6: half of a surrogate pair"),
        ("{a: '\\u12'}", "line 1, column 6: expected 4 hexadecimal digits"),
        ("{a: '\\x'}", "line 1, column 6: expected 2 hexadecimal digits"),
        ("{a: '\\1'}", "line 1, column 6: unknown escape"),
        ("{ /* ", "line 1, column 3: this comment has no end"),
        ("{ / }", "line 1, column 3: expected a comment after \"/\""),
        ("{ \u{1}: 1}", "line 1, column 3: expected a name, found U+1"),
        ("{\n  a: ,}", "line 2, column 6: expected a value, found \",\""),
    ])
    func syntaxErrorsTellWhereAndWhat(_ file: String, _ message: String) {
        #expect(Given(file: file).problems == ["/root/vigil.json5: \(message)"])
    }

    @Test func deepNestingIsAnErrorAndNoStackOverflow() {
        let message = "nested deeper than 32 levels"
        for (text, column) in [("[", 33), ("{a:", 97)] {
            let problems = Given(file: String(repeating: text, count: 100_000)).problems
            #expect(problems == ["/root/vigil.json5: line 1, column \(column): \(message)"])
        }
    }

    @Test func invalidUTF8IsAnErrorWithItsLine() {
        let bytes = Array("{\n\n a: '".utf8) + [0xFF] + Array("'}".utf8)
        #expect(Given(bytes: bytes).problems == ["/root/vigil.json5: line 3, column 1: not valid UTF-8"])
    }

    @Test func damagedFilesAreErrorsOrSettingsAndNeverTrap() {
        var generator = SeededGenerator.fromEnvironment()
        let seed = generator.seed
        let template = Array(ConfigurationTemplate.text().replacing("  // ", with: "  ").utf8)
        for _ in 0..<300 {
            var bytes = template
            for _ in 0..<3 {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 40))
                default: bytes.insert(contentsOf: "{}[]\"'\\/*-+.,:0xeé".utf8.shuffled(using: &generator), at: place)
                }
            }
            #expect(Given(bytes: bytes).problems.allSatisfy { !$0.isEmpty }, "seed \(seed)")
        }
    }

    @Test func everyCutOffFileIsAnErrorAndNoneTraps() {
        let text = "{ a: [1, 'x\\u0041', { b: null /* c */ }], \"d\": -0x1F, e: +.5e-3, f: NaN } // end"
        let body = text.unicodeScalars.prefix { $0 != "N" }
        for length in 0...body.count {
            let cut = String(String.UnicodeScalarView(body.prefix(length)))
            #expect(Given(file: cut).problems.count == 1, "\(cut)")
        }
    }
}
