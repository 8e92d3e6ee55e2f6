// SPDX-License-Identifier: Apache-2.0
// The whole table of moves between the states of a task, and the stable words.

import QueueModel
import Testing

@Suite struct TaskStateTests {
    @Test func everyPairOfStatesIsDecided() {
        let order: [TaskState] = [.queued, .waiting, .running, .completed, .failed, .cancelled]
        let table = [
            "queued    -> . w r . f c",
            "waiting   -> q . r . f c",
            "running   -> q w . C f c",
            "completed -> . . . . . .",
            "failed    -> . . . . . .",
            "cancelled -> . . . . . .",
        ]
        #expect(Set(order) == Set(TaskState.allCases))
        for (row, state) in order.enumerated() {
            let allowed = table[row].dropFirst(13).split(separator: " ").map { $0 != "." }
            #expect(table[row].hasPrefix(state.rawValue))
            #expect(order.map { state.canBecome($0) } == allowed, "from \(state)")
        }
    }

    @Test func finalStatesAreThoseOfResults() {
        #expect(TaskState.allCases.filter(\.isFinal) == TaskStatus.allCases.map { TaskState($0) })
    }

    @Test func statesAreReachableFromQueued() {
        var reached: Set<TaskState> = [.queued]
        for _ in TaskState.allCases { reached = reached.union(reached.flatMap(\.successors)) }
        #expect(reached == Set(TaskState.allCases))
    }
}

@Suite struct StableWordsTests {
    @Test func deadLetterReasons() {
        #expect(
            DeadLetterReason.allCases.map(\.rawValue) == [
                "invalid_json", "invalid_task", "too_large", "worker_mismatch", "unsafe_file", "duplicate_task_id",
                "max_retries_exceeded", "permanent_failure", "dependency_failed", "dependency_cycle", "expired",
            ]
        )
    }

    @Test func failureReasons() {
        #expect(
            FailureReason.allCases.map(\.rawValue) == [
                "exit_code", "signal", "timeout", "agent_error", "usage_limit", "authentication", "interrupted",
                "spawn_failed", "dependency_failed", "expired", "cancelled", "output_limit", "no_result",
                "permission_denied", "budget_exceeded", "verification_failed",
            ]
        )
    }

    @Test func statusesAndCauses() {
        #expect(TaskStatus.allCases.map(\.rawValue) == ["completed", "failed", "cancelled"])
        #expect(WorkerStatus.allCases.map(\.rawValue) == ["healthy", "degraded", "paused", "draining", "stopped"])
        #expect(CircuitBreakerState.allCases.map(\.rawValue) == ["closed", "open", "half_open"])
        #expect(
            WaitCause.allCases.map(\.rawValue) == [
                "dependency", "not_before", "retry", "paused", "circuit_open", "rate_limit", "usage_limit",
                "budget", "session", "slot", "settling",
            ]
        )
        #expect(
            NotificationRecord.EventType.allCases.map(\.rawValue) == [
                "task_completed", "task_timeout", "task_dead_lettered", "worker_unhealthy", "worker_recovered",
                "circuit_opened", "circuit_closed", "group_completed", "usage_limited", "budget_exceeded",
            ]
        )
    }

    @Test func onlyKnownVersionsAreSupported() {
        #expect(FormatVersion.current.rawValue == 1)
        #expect(FormatVersion.current.isSupported)
        #expect(!FormatVersion(rawValue: 0).isSupported)
        #expect(!FormatVersion(rawValue: 2).isSupported)
    }
}
