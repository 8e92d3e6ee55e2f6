// SPDX-License-Identifier: Apache-2.0
// Mutated requests: nothing traps, and the split of the bytes never matters.

import HTTPServer
import TestSupport
import Testing

@Suite struct RequestParserPropertyTests {
    private static let samples = [
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "POST /t HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n{\"a\":1}GET / HTTP/1.1\r\nHost: y\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: [::1]:8\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;q\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
        "\r\nPUT http://x:1/a?b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
    ].map { Array($0.utf8) }

    /// Several arguments so that the cores share the work.
    @Test(arguments: 0..<4)
    func splitNeverMatters(_ part: Int) {
        var generator = SeededGenerator.fromEnvironment()
        let seed = generator.seed
        for _ in 0..<part { _ = generator.next() }
        for round in 0..<5000 {
            let bytes = Self.mutatedSample(&generator)
            let whole = Transcript(of: bytes, pieces: [bytes.count])
            let single = Transcript(of: bytes, pieces: repeatElement(1, count: bytes.count))
            var lengths = generator
            let pieces = Transcript(of: bytes, pieces: AnySequence { AnyIterator { 1 + lengths.below(20) } })
            guard whole == single, whole == pieces else {
                Issue.record("seed \(seed), part \(part), round \(round): \(bytes)")
                return
            }
        }
    }

    /// Requests with up to four bytes or runs changed.
    static func mutatedSample(_ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = samples[generator.below(samples.count)]
        for _ in 0..<generator.below(5) where !bytes.isEmpty {
            let index = generator.below(bytes.count)
            switch generator.below(6) {
            case 0: bytes[index] = UInt8(generator.below(256))
            case 1: bytes.remove(at: index)
            case 2: bytes.insert([10, 13, 0, 32, 58, 255, 9, 59][generator.below(8)], at: index)
            case 3:
                let end = min(bytes.count, index + 1 + generator.below(40))
                bytes.insert(contentsOf: Array(bytes[index..<end]), at: index)
            case 4: bytes.removeSubrange(index..<min(bytes.count, index + 1 + generator.below(10)))
            default: bytes[index] ^= 1 << UInt8(generator.below(8))
            }
        }
        return bytes
    }
}
