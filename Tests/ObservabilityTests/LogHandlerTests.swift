// SPDX-License-Identifier: Apache-2.0
// Log lines, to the letter.

import Logging
import Observability
import QueueModel
import SystemKit
import Testing

/// The line that one event becomes.
private func line(_ make: (LogOutput) -> Logger, _ log: (inout Logger) -> Void) throws -> String {
    let pipe = try Channel.pipe()
    let output = try LogOutput(to: pipe.writer.rawValue)
    var logger = make(output)
    log(&logger)
    return try pipe.available()
}

@Suite("JSON log lines")
struct JSONLineLogHandlerTests {
    private func line(_ log: (inout Logger) -> Void) throws -> String {
        try ObservabilityTests.line({ jsonLogger($0) }, log)
    }

    @Test func aLineHasTimeLevelLoggerMessageAndTheFactsByName() throws {
        let text = try line { logger in
            logger[metadataKey: "worker"] = "marie"
            logger.info("Task completed", metadata: ["task_id": "demo-001", "attempt": "2"])
        }
        #expect(
            text == #"{"timestamp":"2026-01-02T03:04:05.000Z","level":"INFO","logger":"worker","#
                + #""message":"Task completed","attempt":"2","task_id":"demo-001","worker":"marie"}"# + "\n"
        )
    }

    @Test func theFactsOfAnEventComeBeforeThoseOfTheLogger() throws {
        let text = try line { logger in
            logger[metadataKey: "worker"] = "marie"
            logger.info("Moved", metadata: ["worker": "anga"])
        }
        #expect(text.hasSuffix(#""message":"Moved","worker":"anga"}"# + "\n"))
    }

    @Test func numbersBooleansListsAndDictionariesKeepTheirTypes() throws {
        let text = try line { logger in
            logger.info(
                "Types",
                metadata: [
                    "a": .stringConvertible(3), "b": .stringConvertible(1.5), "c": .stringConvertible(true),
                    "d": .stringConvertible(Double.infinity), "e": ["x", ["y": "z"]], "f": [:], "g": [],
                    "h": .stringConvertible(UInt64.max),
                ]
            )
        }
        #expect(
            text.hasSuffix(
                #""a":3,"b":1.5,"c":true,"d":"inf","e":["x",{"y":"z"}],"f":{},"g":[],"h":18446744073709551615}"# + "\n"
            )
        )
    }

    @Test func hostileTextStaysInsideItsString() throws {
        let text = try line { logger in
            logger.info("a\"b\\c\nd\u{1B}[2J\u{7F}\u{9B}\u{2028}\u{202E}\u{E0041}é👩‍👩‍👧", metadata: ["k\"\n": "\u{0}\t\r"])
        }
        let message = #"a\"b\\c\nd\u001b[2J\u007f\u009b\u2028\u202e\udb40\udc41é👩‍👩‍👧"#
        #expect(text.hasSuffix(#""message":"\#(message)","k\"\n":"\u0000\t\r"}"# + "\n"))
        #expect(try JSONParser.parse(Array(text.utf8), limits: .task).objectValue != nil)
    }

    @Test func factsDoNotTakeTheNamesOfTheFixedMembers() throws {
        let text = try line { $0.info("m", metadata: ["level": "x", "message": "y", "truncated": "z"]) }
        #expect(text.hasSuffix(#""message":"m","level_":"x","message_":"y","truncated_":"z"}"# + "\n"))
    }

    @Test func aLineFitsIntoAPipeWholeAndSaysWhatIsMissing() throws {
        let long = String(repeating: "\u{1}é", count: 5_000)
        let text = try line { logger in
            logger.info(
                "\(long)",
                metadata: [
                    "a": .string(long), "b": .string(long), "c": .array([.string(long), .string(long)]), "d": "1",
                ]
            )
        }
        #expect(text.utf8.count <= 4096)
        #expect(text.hasSuffix(#"…","d":"1","truncated":true}"# + "\n"))
        let object = try JSONParser.parse(Array(text.utf8), limits: .task).objectValue
        #expect(object?["message"]?.stringValue?.hasSuffix("\u{1}é…") == true)
        #expect(object?["a"]?.stringValue?.hasSuffix("…") == true && object?["c"] == nil)
    }

    @Test func levelsHaveTheFiveNamesOfTheSetting() throws {
        let names = try Logger.Level.allCases.map { level in
            let text = try line { $0.log(level: level, "m") }
            return String(text.split(separator: "\"")[7])
        }
        #expect(names == ["DEBUG", "DEBUG", "INFO", "INFO", "WARNING", "ERROR", "CRITICAL"])
        for level in Logger.Level.allCases where level != .trace && level != .notice {
            #expect(Logger.Level(setting: level.settingName) == level)
            #expect(Logger.Level(setting: level.settingName.lowercased()) == level)
        }
        #expect(Logger.Level(setting: "LOUD") == nil && Logger.Level(setting: "") == nil)
    }

    @Test func theLevelIsKept() throws {
        let pipe = try Channel.pipe()
        let output = try LogOutput(to: pipe.writer.rawValue)
        let logger = jsonLogger(output, level: .warning)
        logger.notice("quiet")
        #expect(try pipe.available() == "")
    }
}

@Suite("Text log lines")
struct TerminalLogHandlerTests {
    private func line(_ style: TerminalLogHandler.Style = .plain, _ log: (inout Logger) -> Void) throws -> String {
        try ObservabilityTests.line({ textLogger($0, style: style) }, log)
    }

    @Test func aLineReadsWellAndQuotesWhatWouldNotReadAsOneValue() throws {
        let text = try line { logger in
            logger[metadataKey: "worker"] = "marie"
            logger.warning("Circuit opened", metadata: ["why": "5 failures", "empty": "", "said": "a\"=b", "n": "2"])
        }
        #expect(
            text == "2026-01-02T03:04:05.000Z WARNING  worker: Circuit opened "
                + #"empty="" n=2 said="a\"=b" why="5 failures" worker=marie"# + "\n"
        )
    }

    @Test func hostileTextStaysOnItsLineAndCannotDriveTheTerminal() throws {
        let text = try line { logger in
            logger.error("a\nb\u{1B}]0;owned\u{7}", metadata: ["k\u{9B}": "\u{202E}x\r\t\u{1B}[1A"])
        }
        #expect(
            text == "2026-01-02T03:04:05.000Z ERROR    worker: "
                + #"a\nb\u{1B}]0;owned\u{7} k\u{9B}=\u{202E}x\r\t\u{1B}[1A"# + "\n"
        )
    }

    @Test func coloursAreUsedOnlyWhenAskedFor() throws {
        #expect(
            try line(.coloured) { $0.critical("Down") }
                == "2026-01-02T03:04:05.000Z \u{1B}[1;31mCRITICAL\u{1B}[0m worker: Down\n"
        )
        #expect(try line { $0.critical("Down") } == "2026-01-02T03:04:05.000Z CRITICAL worker: Down\n")
    }

    @Test func aLineIsCutAtACharacterToFitIntoAPipe() throws {
        let text = try line { $0.info("\(String(repeating: "é", count: 5_000))") }
        #expect(text.utf8.count <= 4096 && text.utf8.count > 4090)
        #expect(text.hasSuffix("é…\n") && !text.contains("\u{FFFD}"))
    }
}
