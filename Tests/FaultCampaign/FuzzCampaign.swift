// SPDX-License-Identifier: Apache-2.0
// Spoiled input for the decoder of tasks and the rule of ids.

import FaultChecker
import QueueModel
import SystemKit
import TestSupport

/// Feeds spoiled input to the decoder of tasks and to the rule of ids.
///
/// A trap ends the program, which is a finding too. What is accepted must mean one thing only: written and read again
/// it is the same task, and an id is the very bytes that were checked, safe as a part of a path.
struct FuzzCampaign {
    let laboratory: Laboratory
    let seed: UInt64
    let inputs: Int

    private static let documents = [
        #"{"task_id":"a-1","description":"do it","timeout":12.5,"priority":"high","max_retries":3,"cwd":"/tmp"}"#,
        #"{"task_id":"b","description":"caf\u00e9 😀 \ud83d\ude00\n","dependencies":["a-1","c.d"],"metadata":{"k":[1,{}]}}"#,
        #"{"task_id":"c.d_e","description":"x","not_before":"2026-01-02T03:04:05.678Z","expires_at":"2027-01-01T00:00:00Z"}"#,
        #"{"task_id":"z","description":"y","worker":"marie","agent":"claude","session_id":"s","group":"g","unknown":1e308}"#,
    ].map { Array($0.utf8) }
    private static let pieces = [
        "null", "true", "-0", "1e999", "9223372036854775808", "\"\"", "{}", "[]", "[[[[", "\\u0000", "\\ud800", "..",
        "/", "\u{0}", "\u{FEFF}", "\"task_id\":\"q\",", "Z", "+99:99", "\u{301}", "99999999999999999999999999",
    ].map { Array($0.utf8) }

    func run() throws -> Summary {
        var summary = Summary("fuzz")
        summary.note = "seed \(seed)"
        let began = ContinuousClock.now
        var generator = SeededGenerator(seed: seed)
        let worker = try WorkerID(QueueRun.worker)
        var accepted = 0
        for number in 1...max(1, inputs / 2) {
            let bytes = spoiled(Self.documents[number % Self.documents.count], using: &generator)
            if let breach = Self.breach(decoding: bytes, worker, &accepted) { report(breach, bytes, &summary) }
            let id = randomID(using: &generator)
            if let breach = Self.breach(ofID: id) { report(breach, id, &summary) }
            summary.inputs += 2
        }
        summary.note += ", \(accepted) tasks accepted"
        summary.elapsed = .now - began
        return summary
    }

    private func report(_ breach: String, _ bytes: [UInt8], _ summary: inout Summary) {
        summary.violations += 1
        laboratory.say("VIOLATION \(Violation(.real, breach)); input \(bytes)")
        laboratory.say("  again alone: fault-campaign fuzz --seed \(seed) --inputs \(inputs)")
    }

    private static func breach(decoding bytes: [UInt8], _ worker: WorkerID, _ accepted: inout Int) -> String? {
        let task: TaskRecord
        do throws(TaskRejection) {
            task = try TaskRecord.decode(bytes, for: worker, limits: TaskLimits())
        } catch { return error.message.isEmpty ? "a refusal without a reason" : nil }
        accepted += 1
        if task.description.allSatisfy(\.isWhitespace) { return "an empty description was accepted" }
        if let breach = breach(ofID: Array(task.id.string.utf8)) { return breach }
        do throws(TaskRejection) {
            let again = try TaskRecord.decode(task.encoded(), for: worker, limits: TaskLimits(maxBytes: 1 << 24))
            return again == task && again.contentDigest == task.contentDigest ? nil : "read again it is another task"
        } catch { return "what was written is refused: \(error.message)" }
    }

    /// The rule in words other than the product's.
    private static func breach(ofID bytes: [UInt8]) -> String? {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let isPlain = bytes.allSatisfy { letters.contains($0) || Array("._-".utf8).contains($0) }
        let hasDots = zip(bytes, bytes.dropFirst()).contains { $0 == UInt8(ascii: ".") && $1 == UInt8(ascii: ".") }
        let isLegal =
            isPlain && !hasDots && (1...128).contains(bytes.count) && letters.contains(bytes[0])
            && !bytes.suffix(5).elementsEqual(".json".utf8)
        guard let id = TaskID(bytes: bytes) else { return isLegal ? "a legal id is refused" : nil }
        if !isLegal { return "an illegal id is accepted" }
        return id.string.utf8.elementsEqual(bytes) ? nil : "the id is not the bytes that were checked"
    }

    private func spoiled(_ document: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = document
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1 where place < bytes.count: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: Self.pieces.randomElement(using: &generator) ?? [], at: place)
            case 3: bytes.removeSubrange(place..<min(bytes.count, place + 9))
            default:
                let from = Int.random(in: 0...place, using: &generator)
                bytes.insert(contentsOf: bytes[from..<min(place, from + 40)], at: place)
            }
        }
        return bytes
    }

    private func randomID(using generator: inout SeededGenerator) -> [UInt8] {
        let alphabet = Array("aZ09._-._-..".utf8) + Array(".json".utf8) + [0x2F, 0, 0xC3, 0xA9, 0xCC, 0x81, 0x20]
        let length = Int.random(in: 0..<6, using: &generator) == 0 ? 120...135 : 0...8
        let clean = Bool.random(using: &generator)
        return (0..<Int.random(in: length, using: &generator)).map { _ in
            clean
                ? UInt8.random(in: 97...122, using: &generator)
                : alphabet.randomElement(using: &generator) ?? 0
        } + (Int.random(in: 0..<5, using: &generator) == 0 ? Array(".json".utf8) : [])
    }
}
