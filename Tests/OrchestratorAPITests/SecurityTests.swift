// SPDX-License-Identifier: Apache-2.0
// Who is let in.

import HTTPServer
import OrchestratorAPI
import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite struct SecurityTests {
    @Test(
        arguments: [
            ([], true), (["http://localhost:9180"], true), (["https://localhost:9180"], false), (["null"], false),
            (["http://localhost"], false), (["http://localhost:9180.evil.example"], false), ([""], false),
            (["http://localhost:9180", "http://localhost:9180"], false), (["http://LOCALHOST:9180"], false),
        ] as [([String], Bool)]
    )
    func onlyTheOwnOriginPasses(origins: [String], isAccepted: Bool) {
        var request = HTTPRequest(method: .post, authority: "localhost:9180")
        for origin in origins { request.headers.append("origin", origin) }
        #expect(OriginCheck().accepts(request) == isAccepted)
    }

    @Test func originWithoutAuthorityIsRefused() {
        #expect(!OriginCheck().accepts(HTTPRequest(headers: ["origin": "http://"])))
    }

    @Test func guessesAreCountedWithinAWindow() {
        var limit = GuessLimit(most: 2, window: .seconds(60))
        let start = ContinuousClock.now
        #expect((0..<5).map { _ in limit.guessed(at: start) } == [.refuse, .refuse, .alarm, .delay, .delay])
        #expect(limit.guessed(at: start + .seconds(59)) == .delay)
        #expect(limit.guessed(at: start + .seconds(60)) == .refuse)
    }

    private func token(_ name: String, _ scope: AccessScope, seed: UInt64) throws -> (AccessToken, String) {
        var generator = SeededGenerator(seed: seed)
        let (token, secret) = AccessToken.make(try AgentName(name), scope, now: .earliest, using: &generator)
        return (token, secret)
    }

    @Test func tokenIsKnownByItsDigestAlone() throws {
        let (one, secret) = try token("one", .read, seed: 1)
        let (two, other) = try token("two", .admin, seed: 2)
        #expect(secret != other)
        #expect(secret.utf8.count == 70)
        #expect(!one.digest.contains(secret.dropFirst(6)))
        var tokens = AccessTokens()
        tokens.tokens = [one, two]
        #expect(tokens.token(for: secret) == one)
        #expect(tokens.token(for: other) == two)
        #expect(tokens.token(for: String(secret.dropLast())) == nil)
        #expect(tokens.token(for: one.digest) == nil)
        #expect(tokens.token(for: "") == nil)
        #expect(AccessTokens().token(for: secret) == nil)
    }

    @Test func scopesIncludeThoseBefore() {
        #expect(AccessScope.allCases == AccessScope.allCases.sorted())
        #expect(AccessScope.write > .read && AccessScope.admin > .write)
    }

    @Test func fileOfTokensIsForItsOwnerAlone() throws {
        let scratch = try TemporaryDirectory(for: "tokens")
        #expect(try AccessTokens.load(from: scratch.path) == AccessTokens())
        var generator = SeededGenerator(seed: 3)
        var tokens = AccessTokens()
        let now = Timestamp(millisecondsSince1970: 1_767_323_045_678)
        tokens.tokens = [AccessToken.make(try AgentName("ci"), .write, now: now, using: &generator).token]
        try tokens.save(in: scratch.path)
        #expect(try scratch.directory.status(of: AccessTokens.fileName)?.permissions == 0o600)
        #expect(try AccessTokens.load(from: scratch.path) == tokens)

        let bytes = try #require(try scratch.directory.read(AccessTokens.fileName, limit: 1 << 16))
        let (name, directory) = (AccessTokens.fileName, scratch.directory)
        try AtomicFile.write(bytes, as: name, in: directory, mode: 0o640, replacing: true, durability: .relaxed)
        #expect(throws: AccessTokensError.self) { try AccessTokens.load(from: scratch.path) }
        try AtomicFile.write([], as: name, in: directory, mode: 0o600, replacing: true, durability: .relaxed)
        #expect(throws: AccessTokensError.self) { try AccessTokens.load(from: scratch.path) }
    }

    @Test func routesNeedMoreWhenTheyChangeSomething() {
        // A session allows what its token does, so that every token may begin and end one.
        for route in APIRoute.all where route.method != .get && route.path != "/session" {
            #expect(route.scope > .read, "\(route.path)")
        }
    }
}
