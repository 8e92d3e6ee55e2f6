// SPDX-License-Identifier: Apache-2.0
// What is in the queue when a fault happens.

/// A small history that a fault is to hit in every place.
enum Scenario: String, CaseIterable, Sendable {
    case success, retry, dead, invalid, repeated, cancel

    /// Submits what the scenario is about, before any daemon runs.
    func submit(to client: Client) throws {
        switch self {
        case .success: try client.submit("s", "linger:3 stray")
        case .retry: try client.submit("r", "fail:1", retries: 2)
        case .dead: try client.submit("d", "fail", retries: 1)
        case .invalid: try client.drop(#"{"task_id": "i", "description": "#, as: "i")
        case .cancel:
            // One is cancelled before it can start; the agent of the other one asks for its own end.
            try client.submit("q", "bytes:10")
            try client.cancel("q")
            try client.submit("c", "stray cancel hold", retries: 1)
            try client.prepareCancel("c")
        case .repeated:
            try client.submit("t", "bytes:9000")
            try client.submit("t", "bytes:9000")
            try client.drop(
                #"{"task_id": "t", "description": "bytes:9000", "max_retries": 0}"#,
                as: "t_again",
                id: "t"
            )
            try client.drop(#"{"task_id": "t", "description": "another", "max_retries": 0}"#, as: "t_other", id: "t")
        }
    }
}
