// SPDX-License-Identifier: Apache-2.0
// The times a connection and a server may take.

/// The times a connection may take for each thing it does; each is a total, so that dripping bytes buys nothing.
package struct HTTPDeadlines: Sendable, Equatable {
    /// From the connection, or the first byte of a later request, to the end of the header section.
    package var head: Duration
    /// From the end of the header section to the end of the body.
    package var body: Duration
    /// For the handler.
    package var handling: Duration
    /// For the client to take a whole response.
    package var writing: Duration
    /// Between a response and the first byte of the next request.
    package var idle: Duration
    /// After the last response, for the client to close its side.
    package var lingering: Duration
    /// From the start of a graceful shutdown to its end.
    package var drain: Duration

    /// Creates deadlines.
    ///
    /// - Parameters:
    ///   - head: For the header section.
    ///   - body: For the body.
    ///   - handling: For the handler.
    ///   - writing: For the client to take a response.
    ///   - idle: Between two requests.
    ///   - lingering: After the last response.
    ///   - drain: For a graceful shutdown.
    package init(
        head: Duration = .seconds(10),
        body: Duration = .seconds(30),
        handling: Duration = .seconds(60),
        writing: Duration = .seconds(30),
        idle: Duration = .seconds(60),
        lingering: Duration = .seconds(2),
        drain: Duration = .seconds(10)
    ) {
        self.head = head
        self.body = body
        self.handling = handling
        self.writing = writing
        self.idle = idle
        self.lingering = lingering
        self.drain = drain
    }
}

/// A moment on both clocks: one that never jumps, for deadlines, and that of the wall, for `Date`.
package struct HTTPMoment: Sendable, Equatable {
    /// The moment for deadlines.
    package var instant: ContinuousClock.Instant
    /// The moment for `Date`, in seconds since 1970.
    package var unixSeconds: Int64

    /// Creates a moment.
    ///
    /// - Parameters:
    ///   - instant: The moment for deadlines.
    ///   - unixSeconds: The moment for `Date`, in seconds since 1970.
    package init(instant: ContinuousClock.Instant, unixSeconds: Int64) {
        self.instant = instant
        self.unixSeconds = unixSeconds
    }
}
