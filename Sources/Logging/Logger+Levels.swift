// SPDX-License-Identifier: Apache-2.0
// One convenience method per log level.

extension Logger {
    /// Logs every step of an algorithm, at level `trace`.
    ///
    /// - Parameters:
    ///   - message: What happened; constant text.
    ///   - metadata: The facts of this event.
    ///   - source: Where it comes from; the module of `file` by default.
    ///   - file: The file of the call.
    ///   - function: The function of the call.
    ///   - line: The line of the call.
    public func trace(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        source: @autoclosure () -> String? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(
            level: .trace,
            message(),
            metadata: metadata(),
            source: source(),
            file: file,
            function: function,
            line: line
        )
    }

    /// Logs a decision that helps to debug, at level `debug`.
    ///
    /// - Parameters:
    ///   - message: What happened; constant text.
    ///   - metadata: The facts of this event.
    ///   - source: Where it comes from; the module of `file` by default.
    ///   - file: The file of the call.
    ///   - function: The function of the call.
    ///   - line: The line of the call.
    public func debug(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        source: @autoclosure () -> String? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(
            level: .debug,
            message(),
            metadata: metadata(),
            source: source(),
            file: file,
            function: function,
            line: line
        )
    }

    /// Logs what happens in normal operation, at level `info`.
    ///
    /// - Parameters:
    ///   - message: What happened; constant text.
    ///   - metadata: The facts of this event.
    ///   - source: Where it comes from; the module of `file` by default.
    ///   - file: The file of the call.
    ///   - function: The function of the call.
    ///   - line: The line of the call.
    public func info(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        source: @autoclosure () -> String? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(
            level: .info,
            message(),
            metadata: metadata(),
            source: source(),
            file: file,
            function: function,
            line: line
        )
    }

    /// Logs something normal that is worth noticing, at level `notice`.
    ///
    /// - Parameters:
    ///   - message: What happened; constant text.
    ///   - metadata: The facts of this event.
    ///   - source: Where it comes from; the module of `file` by default.
    ///   - file: The file of the call.
    ///   - function: The function of the call.
    ///   - line: The line of the call.
    public func notice(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        source: @autoclosure () -> String? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(
            level: .notice,
            message(),
            metadata: metadata(),
            source: source(),
            file: file,
            function: function,
            line: line
        )
    }

    /// Logs a degradation that was handled, at level `warning`.
    ///
    /// - Parameters:
    ///   - message: What happened; constant text.
    ///   - metadata: The facts of this event.
    ///   - source: Where it comes from; the module of `file` by default.
    ///   - file: The file of the call.
    ///   - function: The function of the call.
    ///   - line: The line of the call.
    public func warning(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        source: @autoclosure () -> String? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(
            level: .warning,
            message(),
            metadata: metadata(),
            source: source(),
            file: file,
            function: function,
            line: line
        )
    }

    /// Logs work that was lost or could not be done, at level `error`.
    ///
    /// - Parameters:
    ///   - message: What happened; constant text.
    ///   - metadata: The facts of this event.
    ///   - source: Where it comes from; the module of `file` by default.
    ///   - file: The file of the call.
    ///   - function: The function of the call.
    ///   - line: The line of the call.
    public func error(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        source: @autoclosure () -> String? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(
            level: .error,
            message(),
            metadata: metadata(),
            source: source(),
            file: file,
            function: function,
            line: line
        )
    }

    /// Logs that the process cannot go on as it should, at level `critical`.
    ///
    /// - Parameters:
    ///   - message: What happened; constant text.
    ///   - metadata: The facts of this event.
    ///   - source: Where it comes from; the module of `file` by default.
    ///   - file: The file of the call.
    ///   - function: The function of the call.
    ///   - line: The line of the call.
    public func critical(
        _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil,
        source: @autoclosure () -> String? = nil,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(
            level: .critical,
            message(),
            metadata: metadata(),
            source: source(),
            file: file,
            function: function,
            line: line
        )
    }
}
