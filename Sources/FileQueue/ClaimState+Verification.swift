// SPDX-License-Identifier: Apache-2.0
// What is on record while the work of an agent is checked.

package import QueueModel

extension ClaimState {
    /// The checks of an attempt whose agent has said that it is done.
    ///
    /// The attempt still counts as running; ``ClaimState/runID`` names the run of a check meanwhile.
    package struct Verification: Sendable, Equatable {
        /// The run of the agent, whose exit record says how that ended.
        package var agentRunID: String
        /// The checks that the work must pass, in order.
        package var due: [CheckName]
        /// What those found that have ended.
        package var found: [CheckRecord]
        /// How often the check was begun that is at work, or is next.
        package var starts: Int

        /// Checks of which none was begun.
        /// - Parameters:
        ///   - agentRunID: The run of the agent.
        ///   - due: The checks that the work must pass.
        package init(agentRunID: String, due: [CheckName]) {
            self.agentRunID = agentRunID
            self.due = due
            found = []
            starts = 0
        }

        /// The check that is at work, or is next; nil when all is found that has to be.
        package var next: CheckName? {
            found.allSatisfy(\.hasPassed) ? due.dropFirst(found.count).first : nil
        }
    }

    /// What a check has found, for the agent that has to mend it.
    package struct Complaint: Sendable, Equatable {
        /// How often something that was found went back to an agent, this time included.
        package var rounds: Int
        /// What the agent is told.
        package var text: String

        /// A complaint.
        /// - Parameters:
        ///   - rounds: How often something that was found went back to an agent, this time included.
        ///   - text: What the agent is told.
        package init(rounds: Int, text: String) {
            self.rounds = rounds
            self.text = text
        }
    }

    /// The run of the agent, also while its work is checked.
    package var agentRunID: String { verification?.agentRunID ?? runID }
}

extension ClaimState.Verification {
    init?(_ object: JSONObject) {
        guard let agentRunID = object["agent_run_id"]?.stringValue else { return nil }
        let names = (object["due"]?.arrayValue ?? []).compactMap(\.stringValue)
        self.init(agentRunID: agentRunID, due: names.compactMap { CheckName(bytes: $0.utf8) })
        found = (object["found"]?.arrayValue ?? []).compactMap(CheckRecord.init(json:))
        starts = object["starts"]?.intValue ?? 0
    }
}

extension ClaimState.Verification: RecordPart {
    /// Hands over the members in the order in which they are written.
    package func add(to members: inout some MemberSink) {
        members.add("agent_run_id", agentRunID)
        members.add("due", json: .array(due.map { .string($0.string) }))
        members.add("found", found)
        members.add("starts", starts)
    }
}

extension ClaimState.Complaint {
    init?(_ object: JSONObject) {
        guard let rounds = object["rounds"]?.intValue, let text = object["text"]?.stringValue else { return nil }
        self.init(rounds: rounds, text: text)
    }
}

extension ClaimState.Complaint: RecordPart {
    /// Hands over the members in the order in which they are written.
    package func add(to members: inout some MemberSink) {
        members.add("rounds", rounds)
        members.add("text", text)
    }
}
