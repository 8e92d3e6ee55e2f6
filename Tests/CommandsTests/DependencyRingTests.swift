// SPDX-License-Identifier: Apache-2.0
// Rings of dependencies, with what is queued and without.

import Commands
import QueueModel
import Testing

@Suite("Rings of dependencies")
struct DependencyRingTests {
    private func ring(_ tasks: [(String, [String])], elsewhere: [String: [String]] = [:]) throws -> [String] {
        let new = try tasks.map { (id: try TaskID($0.0), needs: try $0.1.map { try TaskID($0) }) }
        let found = try DependencyRing.find(among: new) { id in try (elsewhere[id.string] ?? []).map { try TaskID($0) }
        }
        return found.map(\.string)
    }

    @Test func ringsAreFound() throws {
        #expect(try ring([("a", ["a"])]) == ["a"])
        #expect(try ring([("a", ["b"]), ("b", ["c"]), ("c", ["a"])]) == ["a", "b", "c"])
        #expect(try ring([("x", ["a"]), ("a", ["b"]), ("b", ["a"])]) == ["a", "b"])
        #expect(try ring([("a", ["q"])], elsewhere: ["q": ["r"], "r": ["a"]]) == ["a", "q", "r"])
    }

    @Test func whatIsNoRingIsNone() throws {
        #expect(try ring([("a", ["b", "c"]), ("b", ["d"]), ("c", ["d"]), ("d", [])]).isEmpty)
        #expect(try ring([("a", ["q"])], elsewhere: ["q": ["r"], "r": ["q"]]).isEmpty)
        #expect(try ring([("a", ["unknown"])]).isEmpty)
    }

    @Test func aLongChainTakesNoStack() throws {
        let chain = (0..<50_000).map { ("t\($0)", ["t\($0 + 1)"]) }
        #expect(try ring(chain).isEmpty)
        #expect(try ring(chain + [("t50000", ["t0"])]).count == 50_001)
    }

    @Test func eachTaskElsewhereIsAskedForOnce() throws {
        var asked: [String] = []
        let needs = try TaskID("q")
        let tasks = try (0..<10).map { (id: try TaskID("t\($0)"), needs: [needs]) }
        _ = DependencyRing.find(among: tasks) { id -> [TaskID] in
            asked.append(id.string)
            return []
        }
        #expect(asked == ["q"])
    }
}
