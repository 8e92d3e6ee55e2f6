// SPDX-License-Identifier: Apache-2.0
// Blocking work for requests, a few at a time.

import Glibc
import HTTPServer
import OrchestratorAPI
import SystemKit
import TestSupport
import Testing

@Suite struct BlockingLaneTests {
    /// Work that blocks its thread until it is let go.
    private final class Block: Sendable {
        private let (gate, begun) = (Channel(), Channel())

        func work() throws {
            try begun.put()
            try gate.take()
        }

        func waitForBegin() throws { try begun.take() }
        func letGo() throws { try gate.put() }
    }

    /// A pipe, of which a byte is taken as soon as one was put.
    private final class Channel: Sendable {
        private let reader: OwnedDescriptor
        private let writer: OwnedDescriptor

        init() {
            var ends: [Int32] = [-1, -1]
            #expect(pipe(&ends) == 0)
            reader = OwnedDescriptor(adopting: ends[0])
            writer = OwnedDescriptor(adopting: ends[1])
        }

        func put() throws { try writer.write(all: [1]) }
        func take() throws { _ = try reader.read(count: 1) }
    }

    @Test func streamsWaitForTheirTurnWhereRequestsAreRefused() async throws {
        try await onReactor { reactor in
            let lane = BlockingLane(reactor: reactor, width: 1, depth: 0)
            let block = Block()
            let first = Task(executorPreference: reactor) { try await lane.run { try block.work() } }
            try await blocking { try block.waitForBegin() }
            let error = await #expect(throws: HTTPError.self) { try await lane.run {} }
            #expect(error?.code == "busy")
            #expect(error?.headers["Retry-After"] == "1")
            let streams = (1...3).map { number in
                Task(executorPreference: reactor) { try await lane.run(isPatient: true) { number } }
            }
            await #expect(throws: HTTPError.self) { try await lane.run {} }
            try block.letGo()
            try await first.value
            for (index, stream) in streams.enumerated() {
                let answer = try await stream.value
                #expect(answer == index + 1)
            }
            // Everything has left: there is room again.
            let answer = try await lane.run { 7 }
            #expect(answer == 7)
        }
    }

    @Test func workThatFailsLeavesItsPlace() async throws {
        struct Failure: Error {}
        try await onReactor { reactor in
            let lane = BlockingLane(reactor: reactor, width: 1, depth: 0)
            for _ in 0..<3 { await #expect(throws: Failure.self) { try await lane.run { throw Failure() } } }
            let answer = try await lane.run { 7 }
            #expect(answer == 7)
        }
    }
}
