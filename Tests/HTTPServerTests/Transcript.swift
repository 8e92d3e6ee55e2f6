// SPDX-License-Identifier: Apache-2.0
// Everything a parser says about some bytes.

import HTTPServer
import TestSupport

/// Everything a parser says about bytes that arrive in given pieces.
struct Transcript: Equatable {
    var requests: [HTTPRequest] = []
    var heads = 0
    var refusal: HTTPError?

    /// Parses bytes in pieces of the given lengths; what they leave over comes as one.
    init(of bytes: [UInt8], pieces: some Sequence<Int>) {
        var parser = RequestParser(limits: WireCase.limits)
        var start = 0
        var lengths = pieces.makeIterator()
        do {
            repeat {
                let end = min(bytes.count, start + (lengths.next() ?? bytes.count))
                parser.append(Array(bytes[start..<end]))
                start = end
                try drain(&parser)
            } while start < bytes.count
        } catch {
            refusal = error
        }
    }

    private mutating func drain(_ parser: inout RequestParser) throws(HTTPError) {
        while true {
            switch try parser.next() {
            case .needsMore: return
            case .head: heads += 1
            case .request(let request): requests.append(request)
            }
        }
    }

    /// A line for each request and for the refusal.
    var summary: [String] {
        let served = requests.map { request in
            let body = request.body.isEmpty ? "" : " " + String(decoding: request.body, as: UTF8.self)
            return "\(request.method.rawValue) \(request.path)\(body)"
        }
        return served + (refusal.map { ["\($0.status.code)"] } ?? [])
    }
}

extension SeededGenerator {
    /// A number below a bound.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}
