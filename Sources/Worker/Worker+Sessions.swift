// SPDX-License-Identifier: Apache-2.0
// The sessions of agents: which one an attempt goes on with, and what becomes of it.

import Agents
import FileQueue
import Logging
import QueueModel

extension Worker {
    /// The session that the next attempt of a task goes on with; `nil` for a new one.
    func session(for entry: Scheduler.Entry) -> ClaimState.Session? {
        let name = entry.task.agent ?? configuration.defaultAgent
        let kept = entry.isClaimed ? claims[entry.task.id]?.state.session : nil
        // Most tasks have none, and need no look at the profile.
        guard kept != nil || entry.task.sessionID != nil, configuration.profiles[name]?.canResume == true else {
            return nil
        }
        // Another agent knows nothing of it.
        if let kept, kept.agent == name { return kept }
        return entry.task.sessionID.map { ClaimState.Session(id: $0, agent: name) }
    }

    /// What is known of the session of an attempt that has ended.
    func course(of claim: Claim, _ output: AttemptOutput) -> SessionCourse {
        let report = output.report
        let name = claim.task.agent ?? configuration.defaultAgent
        let told = report?.sessionID.flatMap { AgentProfile.isSessionName($0) ? $0 : nil }
        let canResume = told != nil && configuration.profiles[name]?.canResume == true
        var course = SessionCourse(
            agent: name,
            resumed: claim.state.session,
            given: claim.task.sessionID,
            told: canResume ? told : nil,
            hasWorked: report?.hasWorked == true
        )
        course.usage = output.sessionUsage
        return course
    }

    /// What an agent is told; `nil` for the task's description alone.
    func prompt(for claim: Claim, _ profile: AgentProfile) -> String? {
        let complaint = claim.state.complaint?.text
        switch claim.state.session?.knowledge {
        case .everything?: return SessionPrompt.goOn(after: claim.state.session?.cutOffBy)
        case .task?: return complaint
        case .nothing?, nil:
            guard let complaint else { return nil }
            let text = SessionPrompt.description(claim.task.description, with: complaint)
            // Without what was found a task can be tried again; with too long an argument it cannot be.
            return profile.takes(text) ? text : nil
        }
    }

    /// What an attempt that was cut off has told of its session; its output is part of no outcome.
    func readReport(of claim: Claim) async -> AttemptOutput {
        let name = claim.task.agent ?? configuration.defaultAgent
        guard let profile = configuration.profiles[name], profile.printsEvents else { return AttemptOutput() }
        return await readOutput(of: claim, nil, profile).onlyReport
    }
}
