// SPDX-License-Identifier: Apache-2.0
// The sessions of browsers, as a pure value.

package import QueueModel

/// A session: what a page may do until it ends, without showing the token again.
package struct APISession: Sendable, Equatable {
    /// The SHA-256 digest of the secret in its cookie.
    package let digest: String
    /// The token that began it; when that is revoked, the session is no good either.
    package let token: AccessToken
    /// When it ends.
    package let ends: ContinuousClock.Instant
    /// The same as a time of day, for people.
    package let endsAt: Timestamp
}

/// The sessions that have not ended; they are kept in memory alone.
package struct SessionTable: Sendable {
    /// How long a session lasts.
    package static let life = Duration.seconds(12 * 3600)

    private let most: Int
    private let mostOfOne: Int
    private var sessions: [String: APISession] = [:]

    /// No sessions.
    /// - Parameters:
    ///   - most: How many there may be.
    ///   - mostOfOne: How many a token may have; a further one ends its oldest.
    package init(most: Int = 256, mostOfOne: Int = 16) {
        self.most = most
        self.mostOfOne = mostOfOne
    }

    /// Begins a session.
    /// - Parameters:
    ///   - secret: What its cookie says.
    ///   - token: The token that begins it.
    ///   - now: The present moment.
    ///   - time: The present time.
    /// - Returns: The session; nil when there are too many.
    package mutating func begin(
        _ secret: String,
        for token: AccessToken,
        at now: ContinuousClock.Instant,
        _ time: Timestamp
    ) -> APISession? {
        sessions = sessions.filter { $0.value.ends > now }
        let own = sessions.values.filter { $0.token == token }
        if own.count >= mostOfOne, let oldest = own.min(by: { $0.ends < $1.ends }) { sessions[oldest.digest] = nil }
        guard sessions.count < most else { return nil }
        let session = APISession(
            digest: Digest.sha256(Array(secret.utf8)),
            token: token,
            ends: now + Self.life,
            endsAt: time.adding(Self.life)
        )
        sessions[session.digest] = session
        return session
    }

    /// Finds the session of a cookie; its digest is looked up, so that the time tells nothing about the secret.
    /// - Parameters:
    ///   - secret: What the cookie says.
    ///   - now: The present moment.
    /// - Returns: Nil when there is none, or none any more.
    package func session(_ secret: String, at now: ContinuousClock.Instant) -> APISession? {
        sessions[Digest.sha256(Array(secret.utf8))].flatMap { $0.ends > now ? $0 : nil }
    }

    /// Whether a session goes on.
    /// - Parameters:
    ///   - session: The session.
    ///   - now: The present moment.
    /// - Returns: False when it was ended or its time is over.
    package func contains(_ session: APISession, at now: ContinuousClock.Instant) -> Bool {
        sessions[session.digest] == session && session.ends > now
    }

    /// Ends a session; ending it twice is once.
    /// - Parameter session: The session.
    package mutating func end(_ session: APISession) { sessions[session.digest] = nil }
}
