// SPDX-License-Identifier: Apache-2.0
// The agent's conversation that a claimed task is in.

package import QueueModel

extension ClaimState {
    /// The session that the running attempt goes on with, or that the next one will.
    package struct Session: Sendable, Equatable {
        /// What an agent knows that goes on with a session, as far as its work in it shows.
        package enum Knowledge: String, Sendable {
            /// Nothing for sure: it has not worked in it yet.
            case nothing
            /// The task, but not what it was told last.
            case task
            /// All that it was told.
            case everything
        }

        /// What the agent calls it.
        package var id: String
        /// The profile of the agent that knows it.
        package var agent: AgentName
        /// How much of the work the session holds.
        package var knowledge: Knowledge
        /// Why the last run in it ended; nil when nobody knows, or none has.
        package var cutOffBy: FailureReason?
        /// The tokens that it has used so far, of an agent that tells them for the session and not for each run.
        package var usage: JSONObject?

        /// A session.
        /// - Parameters:
        ///   - id: What the agent calls it.
        ///   - agent: The profile of the agent that knows it.
        ///   - knowledge: How much of the work the session holds.
        ///   - cutOffBy: Why the last run in it ended.
        package init(
            id: String,
            agent: AgentName,
            knowledge: Knowledge = .nothing,
            cutOffBy: FailureReason? = nil
        ) {
            self.id = id
            self.agent = agent
            self.knowledge = knowledge
            self.cutOffBy = cutOffBy
        }
    }
}

extension ClaimState.Session {
    init?(_ object: JSONObject) {
        guard let id = object["id"]?.stringValue,
            let agent = object["agent"]?.stringValue.flatMap({ AgentName(bytes: $0.utf8) })
        else { return nil }
        self.init(
            id: id,
            agent: agent,
            knowledge: object["knows"]?.stringValue.flatMap(Knowledge.init(rawValue:)) ?? .nothing,
            cutOffBy: object["cut_off_by"]?.stringValue.flatMap(FailureReason.init(rawValue:))
        )
        usage = object["usage"]?.objectValue
    }
}

extension ClaimState.Session: RecordPart {
    /// Hands over the members in the order in which they are written.
    package func add(to members: inout some MemberSink) {
        members.add("id", id)
        members.add("agent", agent)
        members.add("knows", knowledge.rawValue)
        members.add("cut_off_by", ifThere: cutOffBy?.rawValue)
        members.add("usage", ifThere: usage)
    }
}
