// SPDX-License-Identifier: Apache-2.0
// Tasks, profiles and contexts for the tests of this target.

import Agents
import QueueModel

/// A task with a description, and further fields as JSON members.
func makeTask(_ description: String, _ fields: JSONObject = [:]) throws -> TaskRecord {
    var object: JSONObject = ["task_id": "t-1", "description": .string(description)]
    for (key, value) in fields.members { object[key] = value }
    return try TaskRecord.decode(JSONWriter.bytes(.object(object)), for: WorkerID("marie"), limits: TaskLimits())
}

/// The context of attempt 2 of task t-1.
func makeContext(environment: [String: String] = [:], systemPromptFile: String? = nil) throws -> InvocationContext {
    InvocationContext(
        taskID: try TaskID("t-1"),
        worker: try WorkerID("marie"),
        attempt: 2,
        runID: "run-9",
        root: "/q",
        environment: environment,
        systemPromptFile: systemPromptFile
    )
}

/// A profile of kind `command`.
func makeCommand(_ arguments: [String], _ channel: PromptChannel = .argument) throws -> AgentProfile {
    AgentProfile(name: try AgentName("tool"), kind: .command, arguments: arguments, promptChannel: channel)
}
