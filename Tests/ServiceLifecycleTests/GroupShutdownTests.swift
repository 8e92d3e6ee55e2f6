// SPDX-License-Identifier: Apache-2.0
// The decisions of a service group, event by event.

import ServiceLifecycle
import Testing

@Suite("Decisions of a service group")
struct GroupShutdownTests {
    typealias Behavior = ServiceGroupConfiguration.ServiceConfiguration.TerminationBehavior

    struct Idle: Service {
        func run() async throws {}
    }

    struct Failure: Error, Hashable {
        var number = 1
    }

    static func group(
        of count: Int,
        success: Behavior = .cancelGroup,
        failure: Behavior = .cancelGroup
    ) -> GroupShutdown {
        GroupShutdown(
            (0..<count).map { _ in
                ServiceGroupConfiguration.ServiceConfiguration(
                    service: Idle(),
                    successTerminationBehavior: success,
                    failureTerminationBehavior: failure
                )
            }
        )
    }

    @Test func servicesAreAskedInReverseOrderEachAfterTheEndOfTheOneBefore() {
        var group = Self.group(of: 3)
        #expect(group.actions(.shutdownRequested) == [.startLimit, .askToShutDown(2)])
        #expect(group.actions(.serviceEnded(2, .returned)) == [.askToShutDown(1)])
        #expect(group.actions(.serviceEnded(1, .returned)) == [.askToShutDown(0)])
        #expect(group.actions(.serviceEnded(0, .returned)) == [.finish])
        #expect(group.error == nil)
    }

    @Test func aServiceThatEndsBeforeItsTurnIsNotAsked() {
        var group = Self.group(of: 3)
        #expect(group.actions(.shutdownRequested) == [.startLimit, .askToShutDown(2)])
        #expect(group.actions(.serviceEnded(1, .returned)) == [])
        #expect(group.actions(.serviceEnded(2, .returned)) == [.askToShutDown(0)])
    }

    @Test func aServiceThatReturnsTooEarlyCancelsTheGroup() {
        var group = Self.group(of: 2)
        #expect(group.actions(.serviceEnded(0, .returned)) == [.cancelServices])
        #expect(group.actions(.serviceEnded(1, .cancelled)) == [.finish])
        #expect((group.error as? ServiceGroupError)?.errorCode == .serviceFinishedUnexpectedly)
        #expect((group.error as? ServiceGroupError)?.service == "Idle")
    }

    @Test func aServiceThatFailsCancelsTheGroupAndItsErrorIsKept() {
        var group = Self.group(of: 2)
        #expect(group.actions(.serviceEnded(1, .failed(Failure()))) == [.cancelServices])
        #expect(group.actions(.serviceEnded(0, .failed(Failure(number: 2)))) == [.finish])
        #expect(group.error as? Failure == Failure(number: 1))
    }

    @Test func anEndCanBeginAGracefulShutdownInstead() {
        var group = Self.group(of: 2, success: .gracefullyShutdownGroup, failure: .gracefullyShutdownGroup)
        #expect(group.actions(.serviceEnded(1, .returned)) == [.startLimit, .askToShutDown(0)])
        #expect(group.actions(.serviceEnded(0, .returned)) == [.finish])
        #expect(group.error == nil)

        var failing = Self.group(of: 3, failure: .gracefullyShutdownGroup)
        #expect(failing.actions(.serviceEnded(0, .failed(Failure()))) == [.startLimit, .askToShutDown(2)])
        #expect(failing.actions(.serviceEnded(2, .failed(Failure(number: 2)))) == [.askToShutDown(1)])
        #expect(failing.actions(.serviceEnded(1, .returned)) == [.finish])
        #expect(failing.error as? Failure == Failure(number: 1))
    }

    @Test func anIgnoredEndChangesNothingUntilTheLast() {
        var group = Self.group(of: 2, success: .ignore, failure: .ignore)
        #expect(group.actions(.serviceEnded(0, .failed(Failure()))) == [])
        #expect(group.actions(.serviceEnded(1, .returned)) == [.finish])
        #expect(group.error == nil)
    }

    @Test func anIgnoredFailureDoesNotHoldUpAShutdown() {
        var group = Self.group(of: 2, failure: .ignore)
        #expect(group.actions(.shutdownRequested) == [.startLimit, .askToShutDown(1)])
        #expect(group.actions(.serviceEnded(1, .failed(Failure()))) == [.askToShutDown(0)])
    }

    @Test func aFailureDuringTheShutdownCancelsTheRest() {
        var group = Self.group(of: 3)
        _ = group.actions(.shutdownRequested)
        #expect(group.actions(.serviceEnded(2, .failed(Failure()))) == [.cancelServices])
        #expect(group.actions(.serviceEnded(1, .cancelled)) == [])
        #expect(group.actions(.serviceEnded(0, .returned)) == [.finish])
        #expect(group.error as? Failure == Failure())
    }

    @Test func beingCancelledIsAProperEndDuringTheShutdown() {
        var group = Self.group(of: 1)
        _ = group.actions(.shutdownRequested)
        #expect(group.actions(.serviceEnded(0, .cancelled)) == [.finish])
        #expect(group.error == nil)
    }

    @Test func theSecondSignalCancelsAndTheThirdChangesNothing() {
        var group = Self.group(of: 1)
        #expect(group.actions(.shutdownSignalled) == [.startLimit, .askToShutDown(0)])
        #expect(group.actions(.shutdownSignalled) == [.cancelServices])
        #expect(group.actions(.shutdownSignalled) == [])
        #expect(group.actions(.serviceEnded(0, .cancelled)) == [.finish])
        #expect(group.error == nil)
    }

    @Test func aRepeatedRequestWithoutSignalChangesNothing() {
        var group = Self.group(of: 1)
        _ = group.actions(.shutdownRequested)
        #expect(group.actions(.shutdownRequested) == [])
    }

    @Test func theLimitCancelsAShutdownAndNothingElse() {
        var running = Self.group(of: 1)
        #expect(running.actions(.limitPassed) == [])
        var group = Self.group(of: 1)
        _ = group.actions(.shutdownRequested)
        #expect(group.actions(.limitPassed) == [.cancelServices])
        #expect(group.actions(.serviceEnded(0, .cancelled)) == [.finish])
        #expect(group.error == nil)
    }

    @Test func cancellingTheTaskEndsWithACancellationError() {
        var group = Self.group(of: 1)
        #expect(group.actions(.parentCancelled) == [.cancelServices])
        #expect(group.actions(.serviceEnded(0, .returned)) == [.finish])
        #expect(group.error is CancellationError)
    }

    @Test func nothingFollowsTheEnd() {
        var group = Self.group(of: 1)
        _ = group.actions(.cancellationRequested)
        #expect(group.actions(.serviceEnded(0, .cancelled)) == [.finish])
        for event: GroupShutdown.Event in [
            .shutdownRequested, .shutdownSignalled, .cancellationRequested, .limitPassed, .parentCancelled,
        ] {
            #expect(group.actions(event) == [])
        }
        #expect(group.error == nil)
    }
}

extension GroupShutdown {
    /// `#expect` cannot call a mutating method itself.
    fileprivate mutating func actions(_ event: Event) -> [Action] {
        handle(event)
    }
}
