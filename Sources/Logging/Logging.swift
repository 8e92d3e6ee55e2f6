// SPDX-License-Identifier: Apache-2.0
// The logger and what a log handler has to offer.

import Synchronization

/// Emits log events to a handler.
public struct Logger: Sendable {
    /// The subsystem this logger speaks for.
    public let label: String
    /// The handler that receives the events.
    public var handler: any LogHandler

    /// Creates a logger with the bootstrapped handler.
    public init(label: String) { self.init(label: label, factory: LoggingSystem.makeHandler) }

    /// Creates a logger with a handler of its own.
    public init(label: String, factory: (String) -> any LogHandler) {
        self.label = label
        self.handler = factory(label)
    }

    /// The least severe level that is emitted.
    public var logLevel: Level {
        get { handler.logLevel }
        set { handler.logLevel = newValue }
    }

    /// Metadata attached to every event.
    public subscript(metadataKey key: String) -> Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    /// Logs a message when `level` is at or above ``logLevel``.
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

// One convenience per level, same shape as the well-known package.
extension Logger {
    public func trace(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(level: .trace, message(), metadata: metadata(), file: file, function: function, line: line)
    }
    public func debug(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(level: .debug, message(), metadata: metadata(), file: file, function: function, line: line)
    }
    public func info(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(level: .info, message(), metadata: metadata(), file: file, function: function, line: line)
    }
    public func warning(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(level: .warning, message(), metadata: metadata(), file: file, function: function, line: line)
    }
    public func error(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(level: .error, message(), metadata: metadata(), file: file, function: function, line: line)
    }
}

extension Logger {
    public enum Level: String, Codable, CaseIterable, Comparable, Sendable {
        case trace, debug, info, notice, warning, error, critical
        private var severity: Int { Self.allCases.firstIndex(of: self) ?? 0 }
        public static func < (lhs: Self, rhs: Self) -> Bool { lhs.severity < rhs.severity }
    }

    public struct Message: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, CustomStringConvertible,
        Equatable, Sendable
    {
        public let description: String
        public init(stringLiteral value: String) { description = value }
    }

    public typealias Metadata = [String: MetadataValue]

    public enum MetadataValue: Sendable, Equatable {
        case string(String)
        case stringConvertible(any CustomStringConvertible & Sendable)
        case dictionary(Metadata)
        case array([MetadataValue])
        public static func == (lhs: Self, rhs: Self) -> Bool { lhs.description == rhs.description }
    }
}

extension Logger.MetadataValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, CustomStringConvertible {
    public init(stringLiteral value: String) { self = .string(value) }
    public var description: String {
        switch self {
        case .string(let value): value
        case .stringConvertible(let value): value.description
        case .dictionary(let value): value.description
        case .array(let value): value.description
        }
    }
}

extension Logger.Metadata { public typealias Value = Logger.MetadataValue }

public struct LogEvent: Sendable {
    public var level: Logger.Level
    public var message: Logger.Message
    public var metadata: Logger.Metadata?
    public var source: String
    public var file: String
    public var function: String
    public var line: UInt

    public init(
        level: Logger.Level,
        message: Logger.Message,
        metadata: Logger.Metadata?,
        source: String?,
        file: String,
        function: String,
        line: UInt
    ) {
        self.level = level
        self.message = message
        self.metadata = metadata
        self.source = source ?? String(file.prefix { $0 != "/" })
        self.file = file
        self.function = function
        self.line = line
    }
}

public protocol LogHandler: Sendable {
    var logLevel: Logger.Level { get set }
    var metadata: Logger.Metadata { get set }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? { get set }
    func log(event: LogEvent)
}

public enum LoggingSystem {
    private static let factory = Mutex<(@Sendable (String) -> any LogHandler)?>(nil)
    public static func bootstrap(_ factory: @escaping @Sendable (String) -> any LogHandler) {
        Self.factory.withLock { current in
            precondition(current == nil, "logging can only be bootstrapped once per process")
            current = factory
        }
    }
    static func makeHandler(label: String) -> any LogHandler {
        factory.withLock { $0 }?(label) ?? SwiftLogNoOpLogHandler()
    }
}

public struct SwiftLogNoOpLogHandler: LogHandler {
    public var logLevel: Logger.Level = .critical
    public var metadata: Logger.Metadata = [:]
    public init() {}
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    public func log(event: LogEvent) {}
}
