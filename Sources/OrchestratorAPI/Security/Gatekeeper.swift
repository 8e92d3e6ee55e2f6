// SPDX-License-Identifier: Apache-2.0
// Lets a request in, or says why not.

package import HTTPServer
import Logging
import QueueModel
import Synchronization

/// Who makes a request.
package struct Caller: Sendable, Equatable {
    /// The name for the log.
    package let name: String
    /// What it may do.
    package let scope: AccessScope

    /// Names a caller.
    /// - Parameters:
    ///   - name: The name for the log.
    ///   - scope: What it may do.
    package init(name: String, scope: AccessScope) {
        self.name = name
        self.scope = scope
    }

    /// Whoever may open a socket file that is the queue's user's alone.
    package static let owner = Caller(name: "owner", scope: .admin)
}

/// Lets requests in by the token that they show.
package final class Gatekeeper: Sendable {
    private let lane: BlockingLane
    /// Nil where whoever can connect is the owner.
    private let root: String?
    private let limit = Mutex(GuessLimit())

    /// A gatekeeper.
    /// - Parameters:
    ///   - root: Where the file of tokens is; nil where whoever can connect may do everything.
    ///   - lane: Where the file is read.
    package init(root: String?, lane: BlockingLane) {
        self.root = root
        self.lane = lane
    }

    /// Lets a request in.
    ///
    /// The file is read for each request, so that a token that was revoked is no good from then on.
    /// - Parameters:
    ///   - request: The request.
    ///   - scope: What it needs.
    ///   - context: Takes the log line about guesses.
    /// - Returns: Who it is.
    /// - Throws: 401 without a token or with a wrong one, 403 with one that does not allow this, 429 after too many
    ///   wrong ones, 503 when there are no tokens or the file cannot be used.
    package func admit(_ request: HTTPRequest, for scope: AccessScope, _ context: RequestContext) async throws -> Caller
    {
        guard let root else { return .owner }
        guard let secret = Self.secret(of: request) else { throw HTTPError.unauthorized("show a token") }
        let tokens: AccessTokens
        do {
            tokens = try await lane.run { try AccessTokens.load(from: root) }
        } catch let error as AccessTokensError {
            context.logger.error("API tokens cannot be used", metadata: ["error": .string(error.description)])
            throw HTTPError(.serviceUnavailable, code: "tokens_unusable", "the server's log says what to do")
        }
        guard let token = tokens.token(for: secret) else { throw wrongToken(context) }
        guard token.scope >= scope else {
            throw HTTPError(
                .forbidden,
                code: "scope_too_small",
                "this needs the scope \(scope.rawValue), and the token has \(token.scope.rawValue)"
            )
        }
        return Caller(name: token.name.string, scope: token.scope)
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

    /// What stands in the one field where a token may stand.
    static func secret(of request: HTTPRequest) -> String? {
        let fields = request.headers.values(of: "authorization")
        guard fields.count == 1 else { return nil }
        let words = fields[0].split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer", words[1].utf8.count <= 256 else { return nil }
        return String(words[1])
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
