// SPDX-License-Identifier: Apache-2.0
// The routes about sessions, which spare a page showing its token with each request.

import HTTPServer
import QueueModel

extension APIRoute {
    static let sessions: [APIRoute] = [
        APIRoute(.post, "/session", .read, "Begin a session: the answer's cookie takes the token's place.") { call in
            try call.requireNothing()
            guard let (session, secret) = try call.desk.gatekeeper.beginSession(of: call.caller) else {
                return HTTPResponse(status: .created, document: document(of: call.caller))
            }
            var response = HTTPResponse(status: .created, document: document(of: Caller(session)))
            response.headers["Set-Cookie"] = call.desk.gatekeeper.cookie.field(secret, answering: call.request)
            return response
        }
        .success(.created),
        APIRoute(.get, "/session", .read, "Tell who asks, what it may do, and until when.") { call in
            try call.requireNothing()
            return HTTPResponse(document: document(of: call.caller))
        },
        APIRoute(.delete, "/session", .read, "End the session whose cookie the request has.") { call in
            try call.requireNothing()
            guard case .session(let session) = call.caller.proof else {
                throw HTTPError(.conflict, code: "no_session", "the request is not one of a session")
            }
            call.desk.gatekeeper.endSession(session)
            var response = HTTPResponse(document: ["schema_version": 1, "ended": true])
            response.headers["Set-Cookie"] = call.desk.gatekeeper.cookie.removal(answering: call.request)
            return response
        },
    ]

    private static func document(of caller: Caller) -> JSONValue {
        let (proof, end): (String, JSONValue)
        switch caller.proof {
        case .connection: (proof, end) = ("socket", .null)
        case .token: (proof, end) = ("token", .null)
        case .session(let session): (proof, end) = ("session", .string(session.endsAt.description))
        }
        return [
            "schema_version": 1, "name": .string(caller.name), "scope": .string(caller.scope.rawValue),
            "by": .string(proof), "expires_at": end,
        ]
    }
}

extension APICall {
    /// Refuses a query and a body.
    fileprivate func requireNothing() throws {
        _ = try query()
        try request.requireNoBody()
    }
}
