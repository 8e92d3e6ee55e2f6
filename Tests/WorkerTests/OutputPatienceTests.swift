// SPDX-License-Identifier: Apache-2.0
// How long an attempt's output is waited for when it cannot be read.

import SystemKit
import Testing
import Worker

@Suite("Reading an attempt's output again")
struct OutputPatienceTests {
    @Test func troubleWithTheLogItselfKeepsTheResultBackForAQuarterOfAMinute() {
        var patience = OutputPatience()
        let pauses = (0..<5).map { _ in patience.pause(after: .io, isStopping: false) }
        #expect(pauses == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), nil])
        #expect(patience.hasWaited)
    }

    @Test(arguments: [Errno.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory])
    func outputIsNeverGivenUpForWantOfDescriptorsOrMemory(errno: Errno) {
        var patience = OutputPatience()
        let pauses = (0..<100).map { _ in patience.pause(after: errno, isStopping: false) }
        #expect(!pauses.contains(nil))
        #expect(pauses.last == .seconds(30))
        #expect(patience.pause(after: .io, isStopping: false) != nil)
    }

    @Test func workerThatStopsDoesNotWaitForEver() {
        var patience = OutputPatience()
        let pauses = (0..<5).map { _ in patience.pause(after: .tooManyOpenFiles, isStopping: true) }
        #expect(pauses.last == .some(nil))
        #expect(!OutputPatience().hasWaited)
    }
}
