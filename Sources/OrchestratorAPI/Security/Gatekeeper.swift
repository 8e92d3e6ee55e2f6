// SPDX-License-Identifier: Apache-2.0
// Lets a request in, or says why not.

package import HTTPServer
import Logging
import QueueModel
import Synchronization
package import SystemKit

/// Lets requests in by the token that they show, or by the cookie of a session that a token has begun.
package final class Gatekeeper: Sendable {
    private let lane: BlockingLane
    /// Nil where whoever can connect is the owner.
    private let root: String?
    private let origin: OriginCheck
    private let makeSecret: @Sendable () -> String
    private let wallClock: WallClock
    private let limit = Mutex(GuessLimit())
    private let sessions = Mutex(SessionTable())
    /// Rings when a token or a session may have been taken back.
    let news: ChangeBell
    /// Whether it rings for tokens, which needs a kernel that tells of changes.
    let hearsOfTokens: Bool
    /// The cookies of sessions.
    let cookie: SessionCookie

    /// A gatekeeper.
    /// - Parameters:
    ///   - root: Where the file of tokens is; nil where whoever can connect may do everything.
    ///   - lane: Where the file is read.
    ///   - origin: Knows the server's own pages.
    ///   - news: Rings when tokens may have changed, and when a session ends.
    ///   - hearsOfTokens: Whether it rings for tokens; else streams look from time to time.
    ///   - makeSecret: Makes a text that nobody can guess.
    ///   - wallClock: Tells when sessions end.
    package init(
        root: String?,
        lane: BlockingLane,
        origin: OriginCheck,
        news: ChangeBell,
        hearsOfTokens: Bool,
        makeSecret: @escaping @Sendable () -> String,
        wallClock: WallClock = .system
    ) {
        self.root = root
        self.lane = lane
        self.origin = origin
        self.news = news
        self.hearsOfTokens = hearsOfTokens
        self.makeSecret = makeSecret
        self.wallClock = wallClock
        cookie = SessionCookie(isSecure: origin.isSecure)
    }

    /// Lets a request in.
    ///
    /// The file is read for each request, so that a token that was revoked is no good from then on, and its sessions
    /// neither. A request that shows a token is judged by that alone.
    /// - Parameters:
    ///   - request: The request.
    ///   - scope: What it needs.
    ///   - context: Takes the log line about guesses.
    /// - Returns: Who it is.
    /// - Throws: 401 without a token or with a wrong one, 403 with one that does not allow this and for a session's
    ///   request that no page of ours has made, 429 after too many wrong ones, 503 when there are no tokens or the file
    ///   cannot be used.
    package func admit(_ request: HTTPRequest, for scope: AccessScope, _ context: RequestContext) async throws -> Caller
    {
        guard let root else { return .owner }
        let caller: Caller
        if Self.showsToken(request) {
            guard let secret = Self.secret(of: request) else { throw HTTPError.unauthorized("show a token") }
            guard let token = try await tokens(of: root, context).token(for: secret) else { throw wrongToken(context) }
            caller = Caller(token)
        } else {
            let session = try sessionOfPage(request)
            guard try await tokens(of: root, context).tokens.contains(session.token) else {
                sessions.withLock { $0.end(session) }
                throw HTTPError.unauthorized("the token of the session was revoked")
            }
            caller = Caller(session)
        }
        guard caller.scope >= scope else {
            throw HTTPError(
                .forbidden,
                code: "scope_too_small",
                "this needs the scope \(scope.rawValue), and the token has \(caller.scope.rawValue)"
            )
        }
        return caller
    }

    private func tokens(of root: String, _ context: RequestContext) async throws -> AccessTokens {
        do {
            return try await lane.run { try AccessTokens.load(from: root) }
        } catch let error as AccessTokensError {
            context.logger.error("API tokens cannot be used", metadata: ["error": .string(error.description)])
            throw HTTPError(.serviceUnavailable, code: "tokens_unusable", "the server's log says what to do")
        }
    }

    private func wrongToken(_ context: RequestContext) -> HTTPError {
        let action = limit.withLock { $0.guessed(at: ContinuousClock.now) }
        if action == .alarm { context.logger.warning("API tokens are being guessed") }
        if action == .refuse { return .unauthorized("the token is not known") }
        return HTTPError(
            .tooManyRequests,
            code: "too_many_guesses",
            "too many wrong tokens; wait a minute",
            headers: ["Retry-After": "60"]
        )
    }

    /// What comes before the token where a page hands one to a WebSocket, for which it can set no other field.
    private static let offer = "vigil.token."

    private static func offers(_ request: HTTPRequest) -> [String] {
        request.wantsWebSocket ? request.webSocketProtocols.filter { $0.hasPrefix(offer) } : []
    }

    private static func showsToken(_ request: HTTPRequest) -> Bool {
        !request.headers.values(of: "authorization").isEmpty || !offers(request).isEmpty
    }

    /// What stands in the one place where a token may stand.
    static func secret(of request: HTTPRequest) -> String? {
        let fields = request.headers.values(of: "authorization")
        let offers = offers(request)
        if fields.isEmpty, offers.count == 1, offers[0].utf8.count <= 400 {
            let bytes = Base64.decoded(offers[0].dropFirst(offer.count).utf8, .url)
            return bytes.flatMap { String(validating: $0, as: UTF8.self) }
        }
        guard fields.count == 1, offers.isEmpty else { return nil }
        let words = fields[0].split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer", words[1].utf8.count <= 256 else { return nil }
        return String(words[1])
    }
}

// MARK: - Sessions

extension Gatekeeper {
    /// The session whose cookie a request has; browsers send cookies whoever has made the page.
    private func sessionOfPage(_ request: HTTPRequest) throws(HTTPError) -> APISession {
        let secrets = cookie.secrets(in: request)
        guard !secrets.isEmpty else { throw .unauthorized("show a token") }
        let now = ContinuousClock.now
        let found = sessions.withLock { table in secrets.compactMap { table.session($0, at: now) }.first }
        guard let found else { throw .unauthorized("the session has ended") }
        guard origin.isOwnPage(request) else { throw .foreignOrigin }
        return found
    }

    /// Begins a session.
    /// - Parameter caller: Who has shown a token.
    /// - Returns: The session and what its cookie has to say; nil for the owner of a socket file, who needs none.
    /// - Throws: 403 to a session, which would never end if it could begin another one; 503 when there are too many.
    func beginSession(of caller: Caller) throws(HTTPError) -> (session: APISession, secret: String)? {
        let token: AccessToken
        switch caller.proof {
        case .connection: return nil
        case .token(let shown): token = shown
        case .session: throw HTTPError(.forbidden, code: "token_needed", "show the token to begin a session")
        }
        let secret = makeSecret()
        let time = Timestamp(millisecondsSince1970: wallClock.nowMilliseconds)
        let session = sessions.withLock { $0.begin(secret, for: token, at: ContinuousClock.now, time) }
        guard let session else {
            throw HTTPError(
                .serviceUnavailable,
                code: "too_many_sessions",
                "there are too many sessions; end one, or try again later",
                headers: ["Retry-After": "60"]
            )
        }
        return (session, secret)
    }

    /// Ends a session.
    /// - Parameter session: The session; one that has ended already is no error.
    func endSession(_ session: APISession) {
        sessions.withLock { $0.end(session) }
        news.ring()
    }

    /// Whether the time of a caller's session is not over yet.
    func isInTime(_ caller: Caller) -> Bool {
        guard case .session(let session) = caller.proof else { return true }
        return sessions.withLock { $0.contains(session, at: ContinuousClock.now) }
    }

    /// Whether a caller that was let in would be again.
    /// - Parameters:
    ///   - caller: The caller.
    ///   - scope: What it needs.
    /// - Returns: False when its token was revoked or its session has ended, and when the file cannot be used.
    /// - Throws: `SystemCallError` when the file cannot be read.
    func stillAdmits(_ caller: Caller, for scope: AccessScope) async throws -> Bool {
        guard let root, let token = caller.token else { return true }
        guard isInTime(caller), token.scope >= scope else { return false }
        do {
            return try await lane.run(isPatient: true) { try AccessTokens.load(from: root) }.tokens.contains(token)
        } catch is AccessTokensError { return false }
    }
}

extension HTTPError {
    fileprivate static func unauthorized(_ what: String) -> HTTPError {
        HTTPError(
            .unauthorized,
            code: "unauthorized",
            "\(what): Authorization: Bearer <token>; make one with vigil token create",
            headers: ["WWW-Authenticate": "Bearer realm=\"vigil\""]
        )
    }
}
