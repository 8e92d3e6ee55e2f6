// SPDX-License-Identifier: Apache-2.0
// What a logger hands to its handler.

import Logging
import Synchronization
import Testing

/// Keeps every event.
private struct CollectingHandler: LogHandler {
    final class Events: Sendable {
        private let list = Mutex<[LogEvent]>([])
        var all: [LogEvent] { list.withLock { $0 } }
        func append(_ event: LogEvent) { list.withLock { $0.append(event) } }
    }

    var logLevel: Logger.Level = .trace
    var metadata: Logger.Metadata = [:]
    let events: Events

    func log(event: LogEvent) { events.append(event) }
}

private func makeLogger() -> (Logger, CollectingHandler.Events) {
    let events = CollectingHandler.Events()
    return (Logger(label: "test") { _ in CollectingHandler(events: events) }, events)
}

@Suite("A logger")
struct LoggerTests {
    @Test func everyLevelHasItsMethod() {
        let (logger, events) = makeLogger()
        logger.trace("t")
        logger.debug("d")
        logger.info("i")
        logger.notice("n")
        logger.warning("w")
        logger.error("e")
        logger.critical("c")
        #expect(events.all.map(\.level) == Logger.Level.allCases)
        #expect(events.all.map(\.message.description) == ["t", "d", "i", "n", "w", "e", "c"])
    }

    @Test func nothingBelowTheLevelIsEvenEvaluated() {
        var (logger, events) = makeLogger()
        logger.logLevel = .warning
        var evaluations = 0
        func expensive() -> Logger.Metadata {
            evaluations += 1
            return [:]
        }
        logger.notice("quiet", metadata: expensive())
        #expect(evaluations == 0 && events.all.isEmpty)
        logger.warning("loud", metadata: expensive())
        #expect(evaluations == 1 && events.all.count == 1)
    }

    @Test func anEventKnowsWhereItComesFrom() throws {
        let (logger, events) = makeLogger()
        logger.info("here")
        logger.info("there", source: "elsewhere")
        let first = try #require(events.all.first)
        #expect(first.source == "LoggingTests" && first.file == "LoggingTests/LoggerTests.swift")
        #expect(first.function == "anEventKnowsWhereItComesFrom()" && first.line > 0)
        #expect(events.all.last?.source == "elsewhere")
    }

    @Test func aCopyHasItsOwnLevelAndMetadata() {
        var (logger, _) = makeLogger()
        logger[metadataKey: "worker"] = "marie"
        var copy = logger
        copy[metadataKey: "worker"] = "anga"
        copy.logLevel = .critical
        #expect(logger[metadataKey: "worker"] == "marie" && logger.logLevel == .trace)
        #expect(copy[metadataKey: "worker"] == "anga" && copy.handler.metadata == ["worker": "anga"])
    }

    @Test func withoutBootstrapAndFactoryNothingIsLogged() {
        let logger = Logger(label: "silent")
        #expect(logger.logLevel == .critical)
        #expect(logger.handler is SwiftLogNoOpLogHandler)
    }

    @Test func bootstrappingTwiceIsAProgrammingError() async {
        await #expect(processExitsWith: .failure) {
            LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
            LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        }
    }
}

@Suite("Levels and metadata")
struct LoggingValueTests {
    @Test func levelsAreOrderedBySeverity() {
        #expect(Logger.Level.allCases.sorted() == Logger.Level.allCases)
        #expect(Logger.Level("WARNING") == .warning && Logger.Level("loud") == nil)
        #expect(Logger.Level.notice.description == "notice")
    }

    @Test func metadataIsWrittenWithLiterals() {
        let value: Logger.MetadataValue = ["ids": ["a", "b"], "count": "\(2)"]
        #expect(value == .dictionary(["ids": .array([.string("a"), .string("b")]), "count": .string("2")]))
        #expect(value.description == "[count: 2, ids: [a, b]]")
        #expect(Logger.MetadataValue.dictionary([:]).description == "[:]")
    }

    @Test func valuesOfDifferentKindsDiffer() {
        #expect(Logger.MetadataValue.string("1") != .stringConvertible(1))
        #expect(Logger.MetadataValue.stringConvertible(1) == .stringConvertible(1))
        #expect(Logger.MetadataValue.stringConvertible(7).description == "7")
    }
}
