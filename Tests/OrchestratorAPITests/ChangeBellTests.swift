// SPDX-License-Identifier: Apache-2.0
// The bell that wakes streams.

import OrchestratorAPI
import SystemKit
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ChangeBellTests {
    @Test func ringBeforeTheWaitIsNotMissed() async throws {
        try await onReactor { reactor in
            let bell = ChangeBell(reactor: reactor)
            let rings = bell.rings
            bell.ring()
            #expect(await bell.wait(since: rings, for: .seconds(3600)))
        }
    }

    @Test func everyoneIsWoken() async throws {
        try await onReactor { reactor in
            let bell = ChangeBell(reactor: reactor)
            let rings = bell.rings
            let woken = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<3 { group.addTask { await bell.wait(since: rings, for: .seconds(3600)) } }
                bell.ring()
                return await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(woken == [true, true, true])
        }
    }

    @Test func waitEndsWithItsTime() async throws {
        try await onReactor { reactor in
            let bell = ChangeBell(reactor: reactor)
            #expect(await !bell.wait(since: bell.rings, for: .milliseconds(1)))
        }
    }

    @Test func waitEndsWhenItIsCancelled() async throws {
        try await onReactor { reactor in
            let bell = ChangeBell(reactor: reactor)
            let wasWoken = await withTaskGroup(of: Bool.self) { group in
                group.addTask { await bell.wait(since: bell.rings, for: .seconds(3600)) }
                group.cancelAll()
                return await group.next()
            }
            #expect(wasWoken == false)
        }
    }
}
