// SPDX-License-Identifier: Apache-2.0
// How many end-to-end tests run at a time, so that they do not starve each other of the machine.

import Synchronization
import Testing

extension Tag {
    /// Loads the machine for many seconds.
    @Tag static var heavy: Self
}

/// Lets a test begin when few enough others are at work; in the order in which they came.
struct TurnTrait: SuiteTrait, TestTrait, TestScoping {
    let weight: Int

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        // The suites above a test have a scope as well, and nothing runs in it but tests.
        guard testCase != nil else { return try await function() }
        await Turns.shared.begin(weight)
        defer { Turns.shared.end(weight) }
        try await function()
    }
}

extension Trait where Self == TurnTrait {
    /// A few tests of this kind run at the same time.
    static var takesTurns: Self { TurnTrait(weight: 1) }
    /// The test has the machine to itself, as far as end-to-end tests go.
    static var runsAlone: Self { TurnTrait(weight: Turns.width) }
}

extension Trait where Self == TimeLimitTrait {
    /// Ends a test that would go on for ever.
    ///
    /// The time counts from before the test's turn, and the last turn comes minutes after the first, so that this says
    /// nothing about how long a test takes.
    static var guardedAgainstHangs: Self { .timeLimit(.minutes(15)) }
}

/// The turns that are left, and who waits for them.
private final class Turns: Sendable {
    static let width = 4
    static let shared = Turns()

    private struct State {
        var free = Turns.width
        var waiting: [(weight: Int, CheckedContinuation<Void, Never>)] = []

        mutating func next() -> CheckedContinuation<Void, Never>? {
            guard let first = waiting.first, first.weight <= free else { return nil }
            free -= first.weight
            waiting.removeFirst()
            return first.1
        }
    }

    private let state = Mutex(State())

    func begin(_ weight: Int) async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiting.append((weight, continuation)) }
            admit()
        }
    }

    func end(_ weight: Int) {
        state.withLock { $0.free += weight }
        admit()
    }

    private func admit() {
        while let next = state.withLock({ $0.next() }) { next.resume() }
    }
}
