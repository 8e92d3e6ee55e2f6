// SPDX-License-Identifier: Apache-2.0
// Who makes a request, and by what that is known.

import QueueModel

/// Who makes a request.
package struct Caller: Sendable, Equatable {
    /// By what a caller is known.
    package enum Proof: Sendable, Equatable {
        /// Who may open a socket file that is the queue's user's alone.
        case connection
        /// A token that the request shows.
        case token(AccessToken)
        /// The cookie of a session that a token has begun.
        case session(APISession)
    }

    /// The name for the log.
    package let name: String
    /// What it may do.
    package let scope: AccessScope
    /// By what it is known.
    package let proof: Proof

    /// Whoever may open a socket file that is the queue's user's alone.
    package static let owner = Caller(name: "owner", scope: .admin, proof: .connection)

    private init(name: String, scope: AccessScope, proof: Proof) {
        self.name = name
        self.scope = scope
        self.proof = proof
    }

    /// Who shows a token.
    /// - Parameter token: The token, which is known.
    package init(_ token: AccessToken) {
        self.init(name: token.name.string, scope: token.scope, proof: .token(token))
    }

    /// Who has a session.
    /// - Parameter session: The session, which has not ended.
    package init(_ session: APISession) {
        self.init(name: session.token.name.string, scope: session.token.scope, proof: .session(session))
    }

    /// The token that lets it in; nil for the owner.
    var token: AccessToken? {
        switch proof {
        case .connection: nil
        case .token(let token): token
        case .session(let session): session.token
        }
    }
}
