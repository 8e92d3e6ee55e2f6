// SPDX-License-Identifier: Apache-2.0
// The sessions of browsers.

import HTTPServer
import OrchestratorAPI
import QueueModel
import TestSupport
import Testing

@Suite struct SessionTests {
    private let start = ContinuousClock.now
    private let time = Timestamp(millisecondsSince1970: 1_767_323_045_678)

    private func token(_ name: String) throws -> AccessToken {
        var generator = SeededGenerator(seed: 1)
        return AccessToken.make(try AgentName(name), .read, now: time, using: &generator).token
    }

    @Test func sessionLastsUntilItsTimeIsOver() throws {
        var table = SessionTable()
        let session = try #require(table.begin("one", for: try token("ci"), at: start, time))
        #expect(session.endsAt == time.adding(SessionTable.life))
        #expect(session.digest != "one")
        let last = start + SessionTable.life - .seconds(1)
        #expect(table.session("one", at: last) == session)
        #expect(table.contains(session, at: last))
        #expect(table.session("two", at: last) == nil)
        #expect(table.session(session.digest, at: last) == nil)
        #expect(table.session("one", at: start + SessionTable.life) == nil)
        #expect(!table.contains(session, at: start + SessionTable.life))
    }

    @Test func sessionThatWasEndedIsNoMore() throws {
        var table = SessionTable()
        let session = try #require(table.begin("one", for: try token("ci"), at: start, time))
        table.end(session)
        table.end(session)
        #expect(table.session("one", at: start) == nil)
        #expect(!table.contains(session, at: start))
    }

    @Test func furtherSessionOfATokenEndsItsOldestAndNobodyElses() throws {
        var table = SessionTable(most: 4, mostOfOne: 2)
        let (one, other) = (try token("one"), try token("other"))
        for (number, name) in ["a", "b", "c"].enumerated() {
            #expect(table.begin(name, for: one, at: start + .seconds(number), time) != nil)
        }
        #expect(table.session("a", at: start) == nil)
        #expect(table.session("b", at: start) != nil)
        #expect(table.begin("d", for: other, at: start, time) != nil)
        #expect(table.begin("e", for: other, at: start, time) != nil)
        #expect(table.begin("f", for: try token("third"), at: start, time) == nil)
        #expect(table.begin("g", for: one, at: start + .seconds(9), time) != nil)
        // Sessions whose time is over make room.
        #expect(table.begin("h", for: try token("third"), at: start + SessionTable.life, time) != nil)
    }

    @Test func cookieIsForThisServerAndForNoScript() {
        let request = HTTPRequest(authority: "localhost:9180")
        let field = SessionCookie(isSecure: false).field("s", answering: request)
        #expect(field == "vigil_session_9180=s; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict")
        let secure = SessionCookie(isSecure: true)
        let locked = "__Host-vigil_session=s; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"
        #expect(secure.field("s", answering: HTTPRequest(authority: "queue.example")) == locked)
        #expect(secure.removal(answering: request).hasPrefix("__Host-vigil_session_9180=; Path=/; Max-Age=0; "))
    }

    @Test(
        arguments: [
            (["vigil_session_9180=s"], ["s"]), (["a=b; vigil_session_9180=s;c=d"], ["s"]), (["a=b"], []),
            (["vigil_session_9180="], []), (["vigil_session_9181=s"], []), (["VIGIL_session_9180=s"], []),
            (["vigil_session_9180=s", "vigil_session_9180=t=u"], ["s", "t=u"]), (["vigil_session_9180"], []),
            (["; ;=; =x;"], []), ([String(repeating: "vigil_session_9180=s;", count: 9)], ["s", "s", "s", "s"]),
            (["vigil_session_9180=" + String(repeating: "x", count: 257)], []), ([], []),
        ] as [([String], [String])]
    )
    func cookieIsFoundAmongOthers(fields: [String], expected: [String]) {
        var request = HTTPRequest(authority: "localhost:9180")
        for field in fields { request.headers.append("cookie", field) }
        #expect(SessionCookie(isSecure: false).secrets(in: request) == expected)
    }

    @Test(
        arguments: [
            (.get, [:], true), (.head, [:], true), (.get, ["origin": "http://localhost:9180"], true),
            (.get, ["origin": "http://localhost:8000"], false), (.get, ["sec-fetch-site": "same-site"], false),
            (.get, ["sec-fetch-site": "cross-site"], false), (.get, ["sec-fetch-site": "same-origin"], true),
            (.get, ["sec-fetch-site": "none"], true), (.post, [:], false), (.delete, [:], false),
            (.post, ["origin": "http://localhost:9180"], true), (.post, ["origin": "null"], false),
            (.post, ["origin": "http://localhost:9180", "sec-fetch-site": "same-site"], false),
            (.get, ["connection": "keep-alive, Upgrade"], false),
            (.get, ["connection": "Upgrade", "origin": "http://localhost:9180"], true),
        ] as [(HTTPMethod, [String: String], Bool)]
    )
    func sessionIsForPagesOfOurs(method: HTTPMethod, fields: [String: String], isOwn: Bool) {
        var request = HTTPRequest(method: method, authority: "localhost:9180")
        for (name, value) in fields { request.headers[name] = value }
        #expect(OriginCheck().isOwnPage(request) == isOwn)
    }
}
