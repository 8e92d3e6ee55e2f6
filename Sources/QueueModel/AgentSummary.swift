// SPDX-License-Identifier: Apache-2.0
// What an agent said about its own run.

/// What an agent said about its own run.
package struct AgentSummary: Sendable, Hashable {
    /// The profile that ran.
    package var name: AgentName
    /// The model, by the agent's own name for it.
    package var model: String?
    /// The conversation, by which it can be resumed.
    package var sessionID: String?
    /// The number of turns.
    package var turns: Int?
    /// The cost in US dollars.
    package var costUSD: Double?
    /// Token counts as the agent reported them.
    package var usage: JSONObject?

    /// A summary.
    ///
    /// - Parameters:
    ///   - name: the profile that ran.
    ///   - model: the model, by the agent's own name for it.
    ///   - sessionID: the conversation, by which it can be resumed.
    ///   - turns: the number of turns.
    ///   - costUSD: the cost in US dollars.
    ///   - usage: token counts as the agent reported them.
    package init(
        name: AgentName,
        model: String? = nil,
        sessionID: String? = nil,
        turns: Int? = nil,
        costUSD: Double? = nil,
        usage: JSONObject? = nil
    ) {
        self.name = name
        self.model = model
        self.sessionID = sessionID
        self.turns = turns
        self.costUSD = costUSD
        self.usage = usage
    }

    /// The summary that a JSON object describes, or nil when it describes none.
    package init?(json: JSONValue) {
        guard let object = json.objectValue else { return nil }
        let fields = RecordFields(object)
        do throws(RecordError) {
            name = try fields.required("name") { $0.identifier() }
            model = try fields.optional("model", \.stringValue)
            sessionID = try fields.optional("session_id", \.stringValue)
            turns = try fields.optional("turns", \.intValue)
            costUSD = try fields.optional("cost_usd", \.doubleValue)
            usage = try fields.optional("usage", \.objectValue)
        } catch {
            return nil
        }
    }
}

extension AgentSummary: RecordPart {
    /// Hands over the members in the order in which they are written; what is not known is left out.
    package func add(to members: inout some MemberSink) {
        members.add("name", name)
        members.add("model", ifThere: model)
        members.add("session_id", ifThere: sessionID)
        members.add("turns", ifThere: turns)
        members.add("cost_usd", dollars: costUSD)
        members.add("usage", ifThere: usage)
    }
}
