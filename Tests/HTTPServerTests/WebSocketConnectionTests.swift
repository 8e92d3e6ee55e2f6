// SPDX-License-Identifier: Apache-2.0
// A WebSocket from its upgrade to its end, event by event.

import HTTPServer
import TestSupport
import Testing

/// A connection that is driven by hand; what it sends is taken at once, unless the client does not read.
private struct Drive {
    static let start = ContinuousClock.now
    var machine: WebSocketConnection
    var now = Drive.start
    var frames: [ServerFrame] = []
    var actions: [HTTPConnection.Action] = []
    var isReading = true
    private var bytes: [UInt8] = []

    init(_ limits: WebSocketLimits = WebSocketLimits()) {
        machine = WebSocketConnection(limits: limits, head: [], at: Drive.start)
    }

    mutating func send(_ frames: ClientFrame...) {
        perform(machine.received(frames.flatMap(\.bytes), at: now))
    }

    mutating func wait(_ duration: Duration) {
        now += duration
        perform(machine.deadlinePassed(at: now))
    }

    mutating func perform(_ action: HTTPConnection.Action) {
        if action != .none { actions.append(action) }
        guard isReading, !machine.output.isEmpty else { return }
        bytes += machine.output
        let next = machine.sent(machine.output.count, at: now)
        while let frame = ServerFrame.take(from: &bytes) { frames.append(frame) }
        perform(next)
    }

    /// Whether something can be sent.
    mutating func sends() -> Bool { machine.send([0x81, 0], at: now) }

    mutating func message() -> WebSocketMessage? {
        let (message, action) = machine.takeMessage(at: now)
        perform(action)
        return message
    }
}

@Suite struct WebSocketConnectionTests {
    @Test func messagesComeOneByOneAndPingsAreAnswered() {
        var drive = Drive()
        drive.send(.text("a"), ClientFrame(9, [1, 2]), .text("b"))
        // Nothing behind a message is read before it is taken.
        #expect(drive.frames.isEmpty)
        #expect(!drive.machine.wantsInput)
        #expect(drive.message() == .text([97]))
        #expect(drive.frames == [ServerFrame(10, [1, 2])])
        #expect(drive.message() == .text([98]))
        #expect(drive.message() == nil)
        #expect(drive.machine.wantsInput)
    }

    @Test func closeOfTheClientIsAnsweredAndTheConnectionEnds() {
        var drive = Drive()
        drive.send(.close(4001, "why"), .text("late"))
        #expect(drive.frames == [ServerFrame(8, [15, 161])])
        #expect(drive.actions == [.cancelHandler, .finishWriting])
        #expect(drive.machine.hasEnded)
        #expect(drive.message() == nil)
        #expect(drive.sends() == false)
        drive.wait(.seconds(2))
        #expect(drive.actions.last == .close)
    }

    @Test func closeOfTheServerWaitsForTheAnswerOfTheClient() {
        var drive = Drive()
        drive.machine.close(.normal, "done", at: drive.now)
        drive.machine.close(.internalError, "twice", at: drive.now)
        drive.perform(.none)
        #expect(drive.frames.map(\.closeCode) == [1000])
        drive.send(.text("late"))
        #expect(drive.message() == nil)
        drive.send(.close(1000))
        #expect(drive.frames.count == 1)
        #expect(drive.actions == [.finishWriting])
        drive.perform(drive.machine.inputEnded())
        #expect(drive.actions.last == .close)
    }

    @Test func clientThatDoesNotAnswerTheCloseIsCutOff() {
        var drive = Drive()
        drive.perform(drive.machine.shutDown(at: drive.now))
        #expect(drive.frames.map(\.closeCode) == [1001])
        drive.wait(.seconds(1))
        #expect(drive.actions == [.cancelHandler])
        drive.wait(.seconds(1))
        #expect(drive.actions == [.cancelHandler, .close])
    }

    @Test func clientThatBreaksTheRulesIsToldAndCutOff() {
        var drive = Drive()
        drive.send(ClientFrame(3))
        #expect(drive.frames.map(\.closeCode) == [1002])
        #expect(drive.actions == [.cancelHandler, .finishWriting])
        drive.send(.text("more"))
        #expect(drive.message() == nil)
    }

    @Test func clientIsPingedAndHasToAnswerWithThePayload() {
        var drive = Drive()
        drive.wait(.seconds(20))
        let ping = drive.frames.last
        #expect(ping?.opcode == 9)
        drive.send(ClientFrame(10, [0]))
        drive.send(ClientFrame(10, ping?.payload ?? []))
        drive.wait(.seconds(19))
        #expect(drive.frames.count == 1)
        drive.wait(.seconds(1))
        #expect(drive.frames.count == 2)
        #expect(drive.frames.last?.payload != ping?.payload)
        // A pong that answers the one before, and any other life, is no answer.
        drive.send(ClientFrame(10, ping?.payload ?? []), ClientFrame(9))
        drive.wait(.seconds(20))
        #expect(drive.actions == [.close])
    }

    @Test func answerBehindAMessageThatNobodyTakesIsWaitedFor() {
        var drive = Drive()
        drive.send(.text("a"))
        drive.wait(.seconds(20))
        drive.wait(.seconds(20))
        #expect(drive.actions.isEmpty)
        #expect(drive.message() == .text([97]))
        drive.wait(.seconds(20))
        #expect(drive.actions == [.close])
    }

    @Test func floodOfPingsIsRefused() {
        var drive = Drive(WebSocketLimits(controlFrames: 3))
        for _ in 0..<3 { drive.send(ClientFrame(9)) }
        #expect(drive.frames.allSatisfy { $0.opcode == 10 })
        drive.send(ClientFrame(10))
        #expect(drive.frames.last?.closeCode == 1008)
    }

    @Test func floodOfPingsOfAClientThatDoesNotReadIsNotRead() {
        var drive = Drive(WebSocketLimits(controlFrames: .max))
        drive.isReading = false
        let ping = ClientFrame(9, [UInt8](repeating: 0, count: 125))
        var count = 0
        while drive.machine.wantsInput {
            drive.send(ping)
            count += 1
        }
        #expect(count < 600)
        #expect(drive.machine.output.count < 100_000)
    }

    @Test func clientThatTakesNothingIsToldHowFarItIs() {
        var drive = Drive()
        drive.isReading = false
        #expect(drive.sends() == true)
        drive.wait(.seconds(9))
        #expect(drive.machine.isOpen)
        drive.wait(.seconds(1))
        #expect(drive.machine.isLagging)
        #expect(!drive.machine.isOpen)
        #expect(drive.sends() == false)
        drive.machine.close(.tryAgainLater, "lagged, resume from 7", at: drive.now)
        drive.isReading = true
        drive.perform(.none)
        #expect(drive.frames.map(\.opcode) == [1, 8])
        #expect(drive.frames.last?.text.hasSuffix("lagged, resume from 7") == true)
    }

    @Test func clientThatTakesNothingAtAllIsCutOff() {
        var drive = Drive()
        drive.isReading = false
        _ = drive.sends()
        drive.wait(.seconds(10))
        drive.wait(.seconds(2))
        #expect(drive.actions == [.close])
    }

    @Test func reasonIsCutBetweenCharacters() {
        var drive = Drive()
        drive.machine.close(.normal, String(repeating: "€", count: 99), at: drive.now)
        drive.perform(.none)
        #expect(drive.frames.first?.payload.count == 2 + 123 / 3 * 3)
    }

    @Test func nothingTrapsAndOutputIsBoundedWhateverComes() {
        var generator = SeededGenerator(seed: 17)
        for _ in 0..<300 {
            var drive = Drive(WebSocketLimits(messageBytes: 100, fragments: 4, controlFrames: 20))
            for _ in 0..<60 {
                switch Int.random(in: 0...7, using: &generator) {
                case 0: drive.wait(.seconds(Int.random(in: 0...15, using: &generator)))
                case 1: _ = drive.message()
                case 2: drive.isReading.toggle()
                case 3: _ = drive.sends()
                case 4: drive.machine.close(.normal, "", at: drive.now)
                case 5: drive.perform(drive.machine.received([.random(in: 0...255, using: &generator)], at: drive.now))
                case 6: drive.send(ClientFrame(9), .text("x"))
                default: drive.send(ClientFrame(.random(in: 0...15, using: &generator), [1, 2, 3]))
                }
                #expect(drive.machine.output.count < 10_000)
            }
        }
    }
}
