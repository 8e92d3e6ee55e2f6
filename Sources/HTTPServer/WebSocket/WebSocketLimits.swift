// SPDX-License-Identifier: Apache-2.0
// How much a WebSocket takes, and for how long.

/// The sizes and times of a WebSocket.
package struct WebSocketLimits: Sendable, Equatable {
    /// The most bytes of a message from the client, whole or in fragments.
    package var messageBytes: Int
    /// The most fragments of a message from the client.
    package var fragments: Int
    /// The most pings and pongs from the client between two pings of ours.
    package var controlFrames: Int
    /// From one ping to the next.
    package var pinging: Duration
    /// For the client's answer to a ping.
    package var answering: Duration
    /// For the client to take what is sent to it.
    package var writing: Duration
    /// For the client to answer a close frame.
    package var closing: Duration

    /// Creates limits.
    /// - Parameters:
    ///   - messageBytes: The most bytes of a message.
    ///   - fragments: The most fragments of a message.
    ///   - controlFrames: The most pings and pongs between two pings of ours.
    ///   - pinging: From one ping to the next.
    ///   - answering: For the answer to a ping.
    ///   - writing: For the client to take what is sent to it.
    ///   - closing: For the client to answer a close frame.
    package init(
        messageBytes: Int = 64 << 10,
        fragments: Int = 1024,
        controlFrames: Int = 1000,
        pinging: Duration = .seconds(20),
        answering: Duration = .seconds(20),
        writing: Duration = .seconds(10),
        closing: Duration = .seconds(2)
    ) {
        self.messageBytes = messageBytes
        self.fragments = fragments
        self.controlFrames = controlFrames
        self.pinging = pinging
        self.answering = answering
        self.writing = writing
        self.closing = closing
    }
}
