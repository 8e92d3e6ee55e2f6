// SPDX-License-Identifier: Apache-2.0
// Damaged and random documents: the reader refuses or understands them, and never traps.

import QueueModel
import TestSupport
import Testing

@Suite struct JSONFuzzTests {
    private static let document = Array(
        """
        {"task_id":"a-1","description":"caf\u{E9} \u{1F600} \\u20ac \\ud83d\\ude00 \\n","timeout":12.5e1,\
        "dependencies":["x",-0,1e-3,[],{}],"metadata":{"deep":[[[{"k":null}]]],"t":true,"f":false}}
        """.utf8
    )

    @Test func everyPrefixOfADocumentIsRefused() throws {
        _ = try JSONParser.parse(Self.document, limits: .task)
        for length in 0..<Self.document.count {
            let error = #expect(throws: JSONParseError.self) {
                try JSONParser.parse(Array(Self.document.prefix(length)), limits: .task)
            }
            #expect(error?.looksUnfinished == true, "cut after \(length) bytes")
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func mutatedDocumentsNeverTrap(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        generator.announce()
        var accepted = 0
        for round in 0..<1000 {
            var bytes = Self.document
            for _ in 0...Int.random(in: 0...3, using: &generator) { mutate(&bytes, using: &generator) }
            // A refusal is fine here; what counts is that nothing traps and what is accepted means one thing.
            guard let value = try? JSONParser.parse(bytes, limits: .task) else { continue }
            accepted += 1
            let written = JSONWriter.bytes(value)
            let again = try JSONParser.parse(written, limits: .file(written.count))
            #expect(again == value, "seed \(seed), round \(round)")
        }
        #expect(accepted > 0, "seed \(seed)")
    }

    @Test(arguments: SeededGenerator.seeds)
    func membersAreReadAsStrictlyAsTrees(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        generator.announce()
        let keys: [StaticString] = ["task_id", "description", "missing", "timeout", "metadata", "n"]
        let document = [UInt8](Self.document.dropLast()) + Array(#","n":-17,"\u006e2":0,"n":"\u0061"}"#.utf8)
        for round in 0..<1000 {
            var bytes = round % 2 == 0 ? Self.document : document
            for _ in 0...Int.random(in: 0...3, using: &generator) { mutate(&bytes, using: &generator) }
            let tree = Result { try JSONParser.parse(bytes, limits: .task) }
            let members = Result { try JSONParser.members(keys, of: bytes, limits: .task) }
            switch (tree, members) {
            case (.success(let tree), .success(let members)):
                #expect(tree.objectValue == nil || members != nil, "seed \(seed), round \(round)")
                for (key, member) in zip(keys, members ?? []) {
                    let value = tree.objectValue?["\(key)"]
                    #expect(member?.stringValue == value?.stringValue, "seed \(seed), round \(round): \(key)")
                    #expect(member?.intValue == value?.numberValue?.exactInt, "seed \(seed), round \(round): \(key)")
                    #expect((member == nil) == (value == nil), "seed \(seed), round \(round): \(key)")
                }
            case (.failure(let first), .failure(let second)):
                #expect("\(first)" == "\(second)", "seed \(seed), round \(round)")
            default: Issue.record("seed \(seed), round \(round): \(tree) and \(members)")
            }
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func randomBytesNeverTrap(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        generator.announce()
        let alphabet = Array("[]{},:\"\\u0123456789abcdefED+-.tnrl /".utf8) + [0x00, 0x80, 0xC3, 0xED, 0xF4, 0xFF]
        for _ in 0..<2000 {
            let length = Int.random(in: 0...40, using: &generator)
            let bytes = (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            // Whether it is refused does not matter.
            _ = try? JSONParser.parse(bytes, limits: .task)
            if let worker = WorkerID(bytes: "marie".utf8) { _ = try? TaskRecord.decode(bytes, for: worker) }
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func randomValuesSurviveWritingAndReading(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        generator.announce()
        for round in 0..<40 {
            let value = randomValue(depth: 4, using: &generator)
            for bytes in [
                JSONWriter.bytes(value), JSONWriter.bytes(value, pretty: true), JSONWriter.canonicalBytes(value),
            ] {
                let again = try JSONParser.parse(bytes, limits: .file(bytes.count))
                #expect(again == value, "seed \(seed), round \(round)")
                #expect(again.hashValue == value.hashValue, "seed \(seed), round \(round)")
            }
        }
    }

    private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let index = Int.random(in: 0..<max(1, bytes.count), using: &generator)
        guard index < bytes.count else { return }
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(bytes.randomElement(using: &generator) ?? 0, at: index)
        default:
            let end = min(bytes.count, index + Int.random(in: 0..<20, using: &generator))
            bytes.insert(contentsOf: bytes[index..<end], at: Int.random(in: 0...bytes.count, using: &generator))
        }
    }

    private func randomValue(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &generator) {
        case 0: return nil
        case 1: return .bool(.random(using: &generator))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3: return JSONNumber(Double(bitPattern: generator.next())).map(JSONValue.number) ?? nil
        case 4: return .string(randomText(using: &generator))
        case 5:
            let count = Int.random(in: 0..<5, using: &generator)
            return .array((0..<count).map { _ in randomValue(depth: depth - 1, using: &generator) })
        default:
            let count = Int.random(in: 0..<(depth > 2 ? 25 : 5), using: &generator)
            let members = (0..<count).map { _ in
                (randomText(using: &generator), randomValue(depth: depth - 1, using: &generator))
            }
            return .object(JSONObject(members))
        }
    }

    private func randomText(using generator: inout SeededGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0..<8, using: &generator) {
            let limit: UInt32 = [0x20, 0x80, 0x800, 0x3000, 0x11_0000].randomElement(using: &generator) ?? 0x80
            if let scalar = UnicodeScalar(UInt32.random(in: 0..<limit, using: &generator)) { text.append(scalar) }
        }
        return String(text)
    }
}
