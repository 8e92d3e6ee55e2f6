// SPDX-License-Identifier: Apache-2.0
// Logging goes on, and the work with it, whatever happens to the output.

import Glibc
import Logging
import Observability
import SystemKit
import TestSupport
import Testing

@Suite("The log output")
struct LogOutputTests {
    init() { SignalSource.ignorePipe() }

    /// Logs numbered lines until one is dropped, and returns how many were logged.
    private func fill(_ output: LogOutput) throws -> Int {
        let logger = jsonLogger(output)
        var count = 0
        while output.droppedLines == 0 {
            logger.info("Line", metadata: ["number": .stringConvertible(count), "padding": "\(String.padding)"])
            count += 1
            try #require(count < 100_000, "the output never became full")
        }
        return count
    }

    private func line(_ number: Int) -> String {
        #"{"timestamp":"2026-01-02T03:04:05.000Z","level":"INFO","logger":"worker","message":"Line","#
            + #""number":\#(number),"padding":"\#(String.padding)"}"#
    }

    private enum Medium: CaseIterable {
        case pipe, socket, terminal

        func open() throws -> Channel {
            switch self {
            case .pipe: try Channel.pipe()
            case .socket: try Channel.socket()
            case .terminal: try Channel.terminal()
            }
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: Medium.allCases)
    private func aFullOutputDropsLinesKeepsTheOthersWholeAndTellsHowManyAreMissing(medium: Medium) throws {
        let channel = try medium.open()
        let output = try LogOutput(to: channel.writer.rawValue)
        var logged = try fill(output)
        var text = ""
        var dropped = -1
        // Until a line gets through again; one that was taken in part is finished first.
        while dropped != output.droppedLines {
            dropped = output.droppedLines
            text += try channel.available()
            jsonLogger(output).info("Afterwards")
            logged += 1
        }
        while !text.contains("Afterwards") { text += try channel.awaited() }
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        let notice = #"{"timestamp":"2026-01-02T03:04:05.000Z","level":"WARNING","logger":"worker","#
        #expect(lines.dropLast().last == notice + #""message":"Log lines dropped","dropped_lines":\#(dropped)}"#)
        #expect(lines.count - 1 + dropped == logged)
        for (number, text) in lines.dropLast(2).enumerated() { #expect(text == line(number)) }
    }

    @Test func aClosedPipeOnlyCounts() throws {
        let output: LogOutput
        do {
            let pipe = try Channel.pipe()
            output = try LogOutput(to: pipe.writer.rawValue)
        }
        let logger = jsonLogger(output)
        logger.info("Into the void")
        logger.info("Again")
        #expect(output.droppedLines == 2)
    }

    @Test func aPipeThatHasLostItsReaderBeforeOnlyCounts() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        let writer = OwnedDescriptor(adopting: ends[1])
        let output = try LogOutput(to: writer.rawValue)
        jsonLogger(output).info("Into the void")
        #expect(output.droppedLines == 1)
    }

    @Test func aFullDiskOnlyCounts() throws {
        let descriptor = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        let full = OwnedDescriptor(adopting: descriptor)
        let output = try LogOutput(to: full.rawValue)
        jsonLogger(output).info("No room")
        #expect(output.droppedLines == 1)
    }

    @Test func theDescriptorItselfKeepsItsFlags() throws {
        let pipe = try Channel.pipe()
        let output = try LogOutput(to: pipe.writer.rawValue)
        _ = try fill(output)
        #expect(fcntl(pipe.writer.rawValue, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test func aFileGetsItsLinesWhereOthersWriteToo() throws {
        let scratch = try TemporaryDirectory()
        let file = try scratch.directory.createFile("log")
        let output = try LogOutput(to: file.rawValue)
        textLogger(output).info("First")
        try file.write(all: Array("between\n".utf8))
        textLogger(output).info("Second")
        let text = try String(decoding: scratch.directory.read("log", limit: 1000) ?? [], as: UTF8.self)
        #expect(
            text == """
                2026-01-02T03:04:05.000Z INFO     worker: First
                between
                2026-01-02T03:04:05.000Z INFO     worker: Second

                """
        )
    }

    @Test func linesOfSeveralThreadsKeepApart() async throws {
        let pipe = try Channel.pipe()
        let output = try LogOutput(to: pipe.writer.rawValue)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let logger = textLogger(output)
                    for _ in 0..<50 { logger.info("From \(number)") }
                }
            }
        }
        let lines = try pipe.available().split(separator: "\n").map(String.init)
        #expect(lines.count == 400 && output.droppedLines == 0)
        let wellFormed = Set((0..<8).map { "2026-01-02T03:04:05.000Z INFO     worker: From \($0)" })
        #expect(Set(lines) == wellFormed)
    }
}

extension String {
    /// Makes lines long, so that an output fills up soon.
    fileprivate static let padding = String(repeating: "x", count: 900)
}
