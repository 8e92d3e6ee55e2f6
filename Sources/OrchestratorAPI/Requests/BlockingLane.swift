// SPDX-License-Identifier: Apache-2.0
// Keeps requests from taking all threads for blocking work.

import HTTPServer
import Synchronization
package import SystemKit

/// Does blocking work for requests beside the loop, a few at a time, so that commits and the history always find a
/// thread.
package final class BlockingLane: Sendable {
    private struct State {
        var running = 0
        var waiting: [(isPatient: Bool, turn: CheckedContinuation<Void, Never>)] = []
        /// How many of those that wait may be refused.
        var requests = 0
    }

    private let reactor: Reactor
    private let width: Int
    private let depth: Int
    private let state = Mutex(State())

    /// A lane without work.
    /// - Parameters:
    ///   - reactor: Whose threads it uses.
    ///   - width: How much is done at the same time.
    ///   - depth: How much may wait; what comes then is refused.
    package init(reactor: Reactor, width: Int = 2, depth: Int = 64) {
        self.reactor = reactor
        self.width = width
        self.depth = depth
    }

    /// Does work that blocks, when it is its turn.
    /// - Parameters:
    ///   - isPatient: Whether it waits in any case, as streams do, whose number is limited elsewhere.
    ///   - work: The work.
    /// - Returns: What it returns.
    /// - Throws: What it throws, and 503 when too much waits already.
    package func run<Value: Sendable>(
        isPatient: Bool = false,
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await enter(isPatient)
        defer { leave() }
        return try await reactor.offload { Result { try work() } }.get()
    }

    private func enter(_ isPatient: Bool) async throws {
        enum Turn { case now, later, never }
        let turn = state.withLock { state -> Turn in
            if state.running < width {
                state.running += 1
                return .now
            }
            return isPatient || state.requests < depth ? .later : .never
        }
        switch turn {
        case .now: return
        case .never: throw HTTPError.busy
        case .later:
            await withCheckedContinuation { continuation in
                // A place may have become free meanwhile.
                let isFree = state.withLock { state in
                    if state.running < width {
                        state.running += 1
                        return true
                    }
                    state.waiting.append((isPatient, continuation))
                    if !isPatient { state.requests += 1 }
                    return false
                }
                if isFree { continuation.resume() }
            }
        }
    }

    /// Hands the place on to who waits longest.
    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            let first = state.waiting.removeFirst()
            if !first.isPatient { state.requests -= 1 }
            return first.turn
        }
        next?.resume()
    }
}

extension HTTPError {
    fileprivate static let busy = HTTPError(
        .serviceUnavailable,
        code: "busy",
        "too many requests wait already; try again",
        headers: ["Retry-After": "1"]
    )
}
