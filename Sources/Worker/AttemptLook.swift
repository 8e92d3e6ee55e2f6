// SPDX-License-Identifier: Apache-2.0
// One look at a running attempt: what it has written, said and computed.

import Agents
import FileQueue
import QueueModel
import Supervision
import SystemKit

/// A look at a running attempt, for a thread that may block.
struct AttemptLook: Sendable {
    /// The most of a log that one look reads, in bytes; the next one goes on from there.
    private static let mostBytes = 8 << 20

    /// The results of the worker.
    let results: Directory
    /// Where below them the logs lie.
    let logsPath: String
    let runID: String
    /// The supervisor of the run, once it is known.
    var supervisor: Int32?
    /// What was read of the events, of an agent that prints some.
    var tail: EventTail?
    /// The size of both logs, as the last look found them.
    var outputBytes: Int64
    /// Whether more is there than was read.
    var isBehind: Bool
    let needsProcessorTime: Bool

    /// A look at an attempt as it was known until now.
    init(of attempt: WatchedAttempt, results: Directory) {
        self.results = results
        logsPath = WorkerQueue.logsPath(of: attempt.state.taskID, attempt: attempt.state.attempt)
        runID = attempt.state.runID
        supervisor = attempt.supervisor
        tail = attempt.tail
        outputBytes = attempt.outputBytes
        isBehind = attempt.isBehind
        needsProcessorTime = attempt.watch.needsProcessorTime
    }

    /// Looks; what cannot be read now is as it was.
    mutating func take() -> AttemptWatch.Sight {
        let before = outputBytes
        // Logs that were taken away say nothing more; the processor time still does.
        if let directory = try? logs() {
            let bytes = OutputStream.allCases.map { stream in
                // One that cannot be looked at has nothing new.
                (try? directory.status(of: stream.fileName))?.size ?? 0
            }
            outputBytes = bytes.reduce(0, +)
            if tail != nil, outputBytes != before || isBehind { readEvents(directory) }
        }
        let isQuiet = outputBytes == before
        var sight = AttemptWatch.Sight(
            outputBytes: outputBytes,
            processorTime: isQuiet && needsProcessorTime ? processorTime() : nil
        )
        if let tail {
            let report = tail.report
            sight.hasEvents = tail.hasEvents
            sight.openTools = report.openTools
            sight.hasResult = report.isAtRest && !report.isBusy
        }
        return sight
    }

    func logs() throws(SystemCallError) -> Directory { try results.descendant(logsPath) }

    private mutating func readEvents(_ directory: Directory) {
        // What cannot be read now is read by the next look.
        guard var tail, let file = try? directory.openFile(OutputStream.standardOutput.fileName) else { return }
        self.tail = nil
        do throws(SystemCallError) {
            isBehind = try !tail.read(file, limit: Self.mostBytes)
        } catch { isBehind = true }
        self.tail = tail
    }

    private mutating func processorTime() -> Duration? {
        if supervisor == nil { supervisor = ProcessTree.supervisor(ofRun: runID) }
        guard let supervisor else { return nil }
        return ProcessTree.processorTime(
            ofRun: runID,
            supervisor: supervisor,
            cgroupParent: CgroupLocation.usableParent()
        )
    }

    /// What there is to see of the attempt now, for whoever asks later why it was ended.
    mutating func evidence(of cause: String, at now: Timestamp) -> AttemptEvidence {
        if supervisor == nil { supervisor = ProcessTree.supervisor(ofRun: runID) }
        var evidence = AttemptEvidence(cause: cause, timestamp: now, runID: runID)
        if let supervisor { evidence.processes = ProcessTree.processes(ofRun: runID, supervisor: supervisor) }
        // Logs that were taken away are told as empty.
        guard let directory = try? logs() else { return evidence }
        evidence.lastOutput = AttemptEvidence.lastLines(of: .standardOutput, in: directory)
        evidence.lastErrors = AttemptEvidence.lastLines(of: .standardError, in: directory)
        return evidence
    }
}
