// SPDX-License-Identifier: Apache-2.0
// What a log handler receives and has to offer.

/// One event on its way to a handler.
public struct LogEvent: Sendable {
    /// How severe the event is.
    public var level: Logger.Level
    /// What happened.
    public var message: Logger.Message
    /// The facts of this event; the handler's own metadata comes on top.
    public var metadata: Logger.Metadata?
    /// Where the event comes from: a module, unless the caller said otherwise.
    public var source: String
    /// The file of the call, as `Module/File.swift`.
    public var file: String
    /// The function of the call.
    public var function: String
    /// The line of the call.
    public var line: UInt

    /// Creates an event.
    ///
    /// - Parameters:
    ///   - level: How severe the event is.
    ///   - message: What happened.
    ///   - metadata: The facts of this event.
    ///   - source: Where the event comes from; the module of `file` when nil.
    ///   - file: The file of the call, as `Module/File.swift`.
    ///   - function: The function of the call.
    ///   - line: The line of the call.
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

/// Receives the events of one logger.
///
/// A handler is a value: its level and metadata belong to one logger alone.
public protocol LogHandler: Sendable {
    /// The least severe level that is emitted.
    var logLevel: Logger.Level { get set }
    /// Metadata attached to every event.
    var metadata: Logger.Metadata { get set }
    /// One entry of ``metadata``.
    subscript(metadataKey _: String) -> Logger.Metadata.Value? { get set }
    /// Writes an event, without blocking for long and without failing.
    ///
    /// - Parameter event: The event; its level has passed ``logLevel`` already.
    func log(event: LogEvent)
}

extension LogHandler {
    /// One entry of ``metadata``.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}

/// Drops every event.
public struct SwiftLogNoOpLogHandler: LogHandler {
    /// The least severe level that is emitted.
    public var logLevel: Logger.Level = .critical
    /// Metadata attached to every event.
    public var metadata: Logger.Metadata = [:]

    /// Creates the handler.
    public init() {}

    /// Creates the handler, in the shape of a factory.
    ///
    /// - Parameter label: Not used.
    public init(_ label: String) {}

    /// Does nothing.
    public func log(event: LogEvent) {}
}
