// SPDX-License-Identifier: Apache-2.0
// The value that code logs through.

/// Emits log events to a handler.
///
/// A logger is a value: changing the level or the metadata of a copy leaves the original alone.
public struct Logger: Sendable {
    /// The subsystem this logger speaks for.
    public let label: String
    /// The handler that receives the events.
    public var handler: any LogHandler

    /// Creates a logger with the handler that ``LoggingSystem/bootstrap(_:)`` installed, or one that drops everything.
    ///
    /// - Parameter label: The subsystem the logger speaks for.
    public init(label: String) { self.init(label: label, factory: LoggingSystem.makeHandler) }

    /// Creates a logger with a handler of its own.
    ///
    /// - Parameters:
    ///   - label: The subsystem the logger speaks for.
    ///   - factory: Makes the handler for `label`.
    public init(label: String, factory: (String) -> any LogHandler) {
        self.label = label
        self.handler = factory(label)
    }

    /// The least severe level that is emitted.
    public var logLevel: Level {
        get { handler.logLevel }
        set { handler.logLevel = newValue }
    }

    /// Metadata attached to every event of this logger.
    ///
    /// - Parameter key: The name of the fact.
    /// - Returns: The value, or nil when there is none.
    public subscript(metadataKey key: String) -> Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    /// Logs a message when `level` is at or above ``logLevel``; otherwise evaluates none of the arguments.
    ///
    /// - Parameters:
    ///   - level: How severe the event is.
    ///   - message: What happened; constant text, so that events can be counted.
    ///   - metadata: The facts of this event.
    ///   - source: Where it comes from; the module of `file` by default.
    ///   - file: The file of the call.
    ///   - function: The function of the call.
    ///   - line: The line of the call.
    public func log(
        level: Level,
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        source: @autoclosure () -> String? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        guard level >= logLevel else { return }
        handler.log(
            event: LogEvent(
                level: level,
                message: message(),
                metadata: metadata(),
                source: source(),
                file: file,
                function: function,
                line: line
            )
        )
    }
}

extension Logger {
    /// How severe an event is, from the least to the most severe.
    public enum Level: String, Codable, CaseIterable, Comparable, Sendable, LosslessStringConvertible {
        /// Every step of an algorithm.
        case trace
        /// Decisions that help to debug.
        case debug
        /// What happens in normal operation.
        case info
        /// Normal, but worth noticing: start, stop, configuration.
        case notice
        /// Degraded, and handled.
        case warning
        /// Work was lost or could not be done.
        case error
        /// The process cannot go on as it should.
        case critical

        private var severity: Int {
            switch self {
            case .trace: 0
            case .debug: 1
            case .info: 2
            case .notice: 3
            case .warning: 4
            case .error: 5
            case .critical: 6
            }
        }

        /// Whether the left level is less severe than the right one.
        public static func < (lhs: Self, rhs: Self) -> Bool { lhs.severity < rhs.severity }

        /// Creates a level from its name, whatever the case of its letters.
        public init?(_ description: String) { self.init(rawValue: description.lowercased()) }

        /// The level's name.
        public var description: String { rawValue }
    }
}
