// SPDX-License-Identifier: Apache-2.0
// The order of changes and syncs is judged from a trace.

import FaultChecker
import Testing

@Suite
struct SyncOrderTests {
    private static let good = """
        1 rename /q/tasks/marie/t.json /q/tasks/.claims/t~task@marie
        0 sync /q/tasks/.claims
        0 sync /q/tasks/marie
        2 create /q/results/marie/.tmp-1
        3 write /q/results/marie/.tmp-1
        0 sync /q/results/marie/.tmp-1
        4 rename /q/results/marie/.tmp-1 /q/results/marie/t.json
        0 sync /q/results/marie
        5 unlink /q/tasks/.claims/t~exit
        6 rename /q/tasks/.claims/t~state /q/tasks/.claims/.spare-1-2
        7 rename /q/tasks/.claims/t~task@marie /q/results/marie/t/task.json
        """

    @Test
    func rightOrderIsSilent() {
        #expect(SyncOrder.violations(in: Self.good, root: "/q").isEmpty)
    }

    @Test(arguments: [
        "0 sync /q/results/marie/.tmp-1\n", "0 sync /q/results/marie\n",
        "4 rename /q/results/marie/.tmp-1 /q/results/marie/t.json\n", "0 sync /q/tasks/.claims\n",
    ])
    func missingStepIsFound(_ line: String) {
        var parts = Self.good.split(separator: line, maxSplits: 1, omittingEmptySubsequences: false)
        #expect(parts.count == 2)
        parts.insert("", at: 1)
        let violations = SyncOrder.violations(in: parts.joined(), root: "/q")
        #expect(!violations.isEmpty && violations.allSatisfy { $0.invariant == .order })
    }

    @Test
    func taskFileThatIsMovedBeforeTheResultIsDurableIsFound() {
        let lines = Self.good.split(separator: "\n").map(String.init)
        let early = lines[..<7] + [lines[10]]
        let violations = SyncOrder.violations(in: early.joined(separator: "\n"), root: "/q")
        #expect(violations.map(\.description) == ["ORDER: t~task@marie was removed before results/marie was synced"])
    }

    @Test
    func recordThatIsTakenAwayBeforeTheResultIsDurableIsFound() {
        let lines = Self.good.split(separator: "\n").map(String.init)
        let early = lines[..<7] + [lines[9]]
        let violations = SyncOrder.violations(in: early.joined(separator: "\n"), root: "/q")
        #expect(violations.map(\.description) == ["ORDER: t~state was removed before results/marie was synced"])
    }

    @Test
    func requestThatIsRemovedBeforeTheResultIsFound() {
        let early = "1 unlink /q/tasks/.control/t~cancel\n" + Self.good
        #expect(SyncOrder.violations(in: early, root: "/q").count == 1)
        #expect(SyncOrder.violations(in: Self.good + "\n8 unlink /q/tasks/.control/t~cancel", root: "/q").isEmpty)
    }

    @Test
    func deadLettersCountToo() {
        let letter = Self.good.split(separator: "\n").map(String.init)
        let dead = letter[..<3] + ["9 rename /q/dlq/marie/.tmp-2 /q/dlq/marie/t_17.json"] + letter[3...]
        #expect(SyncOrder.violations(in: dead.joined(separator: "\n"), root: "/q").count == 2)
    }
}
