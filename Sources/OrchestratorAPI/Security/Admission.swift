// SPDX-License-Identifier: Apache-2.0
// Whether a stream may go on that was let in once.

/// Whether who was let in may still be: streams outlive the request that began them.
struct Admission: Sendable {
    private let gatekeeper: Gatekeeper
    private let caller: Caller
    private let scope: AccessScope
    /// How often something had changed when it was looked at last.
    private var seen: UInt64

    init(_ caller: Caller, for scope: AccessScope, by gatekeeper: Gatekeeper) {
        self.gatekeeper = gatekeeper
        self.caller = caller
        self.scope = scope
        seen = gatekeeper.news.rings
    }

    /// Looks again; costs nothing while no token and no session was changed.
    /// - Returns: False when the token was revoked, or the session has ended.
    mutating func holds() async throws -> Bool {
        let rings = gatekeeper.news.rings
        guard rings != seen || !gatekeeper.hearsOfTokens else { return gatekeeper.isInTime(caller) }
        seen = rings
        return try await gatekeeper.stillAdmits(caller, for: scope)
    }

    /// Waits until it may have changed.
    /// - Parameter limit: The longest wait.
    /// - Returns: Whether something was changed.
    func change(within limit: Duration) async -> Bool { await gatekeeper.news.wait(since: seen, for: limit) }
}

extension APICall {
    /// Whether the caller may still be let in.
    var admission: Admission { Admission(caller, for: route.scope, by: desk.gatekeeper) }
}
