// SPDX-License-Identifier: Apache-2.0
// What the retry policy promises.

import Resilience
import TestSupport
import Testing

/// A generator that counts how often it is asked.
private struct CountingGenerator: RandomNumberGenerator {
    private(set) var count = 0
    private var generator = SeededGenerator.fromEnvironment()

    mutating func next() -> UInt64 {
        count += 1
        return generator.next()
    }
}

@Suite struct RetryPolicyTests {
    private func delay(_ policy: RetryPolicy, _ attempt: Int) -> Duration {
        var generator = SeededGenerator.fromEnvironment()
        return policy.delay(afterAttempt: attempt, using: &generator)
    }

    @Test func delaysGrowByTheFactorUpToTheLongest() {
        let policy = RetryPolicy(maxRetries: 10, initialDelay: .seconds(1), backoff: 2, maxDelay: .seconds(300))
        let delays = (1...11).map { delay(policy, $0) }
        #expect(delays == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map(Duration.seconds))
    }

    @Test func delaysAreWholeNanoseconds() {
        let policy = RetryPolicy(maxRetries: 3, initialDelay: .milliseconds(10), backoff: 1.5)
        #expect((1...3).map { delay(policy, $0) } == [10_000, 15_000, 22_500].map(Duration.microseconds))
    }

    @Test func factorOneKeepsTheDelay() {
        let policy = RetryPolicy(maxRetries: 3, initialDelay: .milliseconds(100), backoff: 1)
        #expect(delay(policy, 1) == .milliseconds(100))
        #expect(delay(policy, 1_000_000) == .milliseconds(100))
        #expect(delay(policy, .max) == .milliseconds(100))
    }

    @Test(arguments: [1, 2, 63, 64, 1024, 1025, Int.max - 1, .max])
    func hugeAttemptNumbersGiveTheLongestDelay(_ attempt: Int) {
        for backoff in [1.000001, 2, 10, 1e300, .infinity] {
            for jitter in [0, 0.5, 1] {
                let policy = RetryPolicy(
                    maxRetries: 100,
                    initialDelay: .seconds(60),
                    backoff: backoff,
                    maxDelay: .seconds(86_400),
                    jitter: jitter
                )
                #expect((Duration.zero ... .seconds(86_400)).contains(delay(policy, attempt)))
            }
            let policy = RetryPolicy(maxRetries: 1, initialDelay: .seconds(60), backoff: backoff)
            #expect(attempt < Int.max - 1 || delay(policy, attempt) == .seconds(300))
        }
    }

    @Test(arguments: [0, -1, Int.min])
    func attemptsBelowTheFirstCountAsTheFirst(_ attempt: Int) {
        #expect(delay(RetryPolicy(maxRetries: 1, initialDelay: .seconds(7)), attempt) == .seconds(7))
    }

    @Test func firstDelayIsCappedToo() {
        let policy = RetryPolicy(maxRetries: 1, initialDelay: .seconds(60), maxDelay: .seconds(5))
        #expect(delay(policy, 1) == .seconds(5))
    }

    @Test func noDelayStaysNoDelay() {
        let policy = RetryPolicy(maxRetries: 1, initialDelay: .zero, backoff: .infinity, jitter: 1)
        #expect(delay(policy, .max) == .zero)
        let capped = RetryPolicy(maxRetries: 1, initialDelay: .seconds(1), maxDelay: .zero, jitter: 1)
        #expect(delay(capped, 5) == .zero)
    }

    @Test func valuesOutOfRangeMoveToTheBound() {
        let low = RetryPolicy(
            maxRetries: -1,
            initialDelay: .seconds(-1),
            backoff: 0.5,
            maxDelay: .seconds(-1),
            jitter: -1
        )
        #expect(low == RetryPolicy(maxRetries: 0, initialDelay: .zero, backoff: 1, maxDelay: .zero, jitter: 0))
        let odd = RetryPolicy(maxRetries: 0, initialDelay: .zero, backoff: .nan, maxDelay: .zero, jitter: .nan)
        #expect(odd == low)
        let high = RetryPolicy(
            maxRetries: .max,
            initialDelay: .seconds(Int64.max),
            backoff: .infinity,
            maxDelay: .seconds(Int64.max),
            jitter: 9
        )
        #expect(high.jitter == 1)
        #expect(delay(high, .max) <= high.maxDelay)
        #expect(high.maxDelay == .seconds(946_080_000))
    }

    @Test func jitterSpreadsBothWaysWithinItsPart() {
        let policy = RetryPolicy(maxRetries: 9, initialDelay: .seconds(10), jitter: 0.2)
        var generator = SeededGenerator.fromEnvironment()
        let seed: Comment = "seed \(generator.seed)"
        let delays = (0..<1000).map { _ in policy.delay(afterAttempt: 1, using: &generator) }
        #expect(delays.allSatisfy { (Duration.seconds(8) ... .seconds(12)).contains($0) }, seed)
        #expect(delays.contains { $0 < .seconds(9) }, seed)
        #expect(delays.contains { $0 > .seconds(11) }, seed)
    }

    @Test func jitterNeverExceedsTheLongestDelay() {
        let policy = RetryPolicy(maxRetries: 9, initialDelay: .seconds(10), maxDelay: .seconds(10), jitter: 1)
        var generator = SeededGenerator.fromEnvironment()
        let seed: Comment = "seed \(generator.seed)"
        let delays = (0..<1000).map { _ in policy.delay(afterAttempt: 3, using: &generator) }
        #expect(delays.allSatisfy { (Duration.zero ... .seconds(10)).contains($0) }, seed)
        #expect(delays.contains { $0 < .seconds(5) }, seed)
    }

    @Test func withoutJitterNoRandomnessIsUsed() {
        var generator = CountingGenerator()
        _ = RetryPolicy(maxRetries: 1, initialDelay: .seconds(1)).delay(afterAttempt: 1, using: &generator)
        #expect(generator.count == 0)
    }

    @Test func aTaskMayChangeOnlyTheNumberOfRetries() {
        let policy = RetryPolicy(
            maxRetries: 3,
            initialDelay: .seconds(2),
            backoff: 4,
            maxDelay: .seconds(9),
            jitter: 0.5
        )
        let limited = policy.limited(to: 7)
        #expect(limited.maxRetries == 7)
        #expect(limited.limited(to: 3) == policy)
        #expect(policy.limited(to: nil) == policy)
        #expect(policy.limited(to: -1).maxRetries == 0)
    }

    @Test(arguments: [(0, 0, true), (0, 1, false), (3, 1, true), (3, 3, true), (3, 4, false), (3, .max, false)])
    func attemptsNeverExceedRetriesPlusOne(_ maxRetries: Int, _ attempts: Int, _ isAllowed: Bool) {
        let policy = RetryPolicy(maxRetries: maxRetries, initialDelay: .seconds(1))
        #expect(policy.allowsRetry(afterAttempts: attempts) == isAllowed)
    }
}
