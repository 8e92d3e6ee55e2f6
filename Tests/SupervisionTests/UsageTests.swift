// SPDX-License-Identifier: Apache-2.0
// What is known of the processes of an attempt while it runs.

import Supervision
import SystemKit
import Testing

@Suite(.timeLimit(.minutes(2))) struct UsageTests {
    /// Uses more than a tick of the processor.
    private static let work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"

    @Test(
        arguments: [
            work, "sh -c '\(work)'", "sh -c '\(work); echo > worked; sleep 1000' & read x < worked",
            "(setsid sh -c '\(work); echo > worked' &); read x < worked",
        ],
        cgroupParents
    )
    func theWorkOfTheWholeTreeCounts(script: String, cgroup: String?) async throws {
        try await Fixture.with(cgroup: cgroup) { fixture in
            let told = try fixture.makePipe("told")
            async let ending = fixture.run("mkfifo worked; \(script)\necho > told; sleep 1000") {
                $0.cgroupParent = cgroup
            }
            _ = try await told.lines()
            let supervisor = try #require(await fixture.pool.processID(ofRun: fixture.runID))
            let time = ProcessTree.processorTime(ofRun: fixture.runID, supervisor: supervisor, cgroupParent: cgroup)
            #expect(try #require(time) >= .milliseconds(10))
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .zero)
            _ = try await ending
            #expect(
                ProcessTree.processorTime(ofRun: fixture.runID, supervisor: supervisor, cgroupParent: cgroup) == nil
            )
        }
    }

    @Test(arguments: cgroupParents)
    func theWorkOfEarlierRunsDoesNotCount(cgroup: String?) async throws {
        try await Fixture.with(cgroup: cgroup) { fixture in
            let told = try fixture.makePipe("told")
            let earlier = try await fixture.record("\(Self.work); \(Self.work)") { $0.cgroupParent = cgroup }
            #expect(earlier.cpu >= .milliseconds(20))
            async let ending = fixture.run("echo > told; exec sleep 1000") { $0.cgroupParent = cgroup }
            _ = try await told.lines()
            let supervisor = try #require(await fixture.pool.processID(ofRun: fixture.runID))
            let time = ProcessTree.processorTime(ofRun: fixture.runID, supervisor: supervisor, cgroupParent: cgroup)
            #expect(try #require(time) < earlier.cpu / 2)
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .zero)
            _ = try await ending
        }
    }

    @Test(
        arguments: [
            (["/x/vigil-supervisor", "run=r:1", "cpu=1500"], "r:1", 1500, false),
            (["vigil-supervisor", "run=r:1", "cgroup_cpu=9"], "r:1", 9, true),
            (["vigil-supervisor", "run=r=1"], "r=1", 0, false),
        ] as [([String], String, Int64, Bool)]
    )
    func theTitleOfASupervisorIsRead(parts: [String], runID: String, earlier: Int64, usesCgroup: Bool) {
        let title = SupervisorTitle(parts.map { Array($0.utf8) })
        #expect(title?.runID == runID)
        #expect(title?.earlierTime == .microseconds(earlier))
        #expect(title?.usesCgroup == usesCgroup)
    }

    @Test(arguments: [["vigil-supervisor", "idle"], ["vigil-supervisor"], ["sh", "run=r"], []] as [[String]])
    func whatServesNoRunHasNoTitle(parts: [String]) {
        #expect(SupervisorTitle(parts.map { Array($0.utf8) }) == nil)
    }

    @Test func theProcessesAreListedWithTheirParents() async throws {
        try await Fixture.with { fixture in
            let told = try fixture.makePipe("told")
            async let ending = fixture.run("setsid sh -c 'echo > told; exec sleep 1000' & wait")
            _ = try await told.lines()
            let supervisor = try #require(ProcessTree.supervisor(ofRun: fixture.runID))
            #expect(await fixture.pool.processID(ofRun: fixture.runID) == supervisor)
            let tree = ProcessTree.processes(ofRun: fixture.runID, supervisor: supervisor)
            let agent = try #require(tree.first)
            #expect(agent.parent == supervisor)
            #expect(agent.command.hasPrefix("/bin/sh -c setsid"))
            #expect(agent.age < .seconds(600))
            #expect(tree.count == 2)
            #expect(tree.last?.parent == agent.pid)
            await fixture.pool.terminate(runID: fixture.runID, reason: .cancelled, grace: .zero)
            _ = try await ending
            #expect(ProcessTree.processes(ofRun: fixture.runID, supervisor: supervisor).isEmpty)
            #expect(ProcessTree.supervisor(ofRun: fixture.runID) == nil)
        }
    }

    @Test func aControlGroupsTimeIsReadFromItsAccount() {
        let text = "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\nnr_periods 0\n"
        #expect(CgroupUsage.processorTime(in: text) == .milliseconds(1500))
        #expect(CgroupUsage.processorTime(in: "user_usec 1\n") == nil)
    }
}
