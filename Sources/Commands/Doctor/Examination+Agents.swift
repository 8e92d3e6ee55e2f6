// SPDX-License-Identifier: Apache-2.0
// Whether agents can be started: the supervisor, the programs, their versions, their files.

import Agents
import QueueModel
import Settings
import SystemKit

extension Examination {
    /// The longest wait for a program's version.
    private static let versionLimit = Duration.seconds(5)

    func supervisorFindings() -> [Finding] {
        do {
            let path = try SupervisorProgram.path()
            guard let status = try HostPath.status(of: path), status.kind == .regular,
                status.permissions & 0o111 != 0
            else {
                return [
                    .problem(
                        "supervisor",
                        "\(path) is not an executable file",
                        remedy: "install vigil and vigil-supervisor side by side, or mend VIGIL_SUPERVISOR"
                    )
                ]
            }
            return [.ok("supervisor", path)]
        } catch let failure as CommandFailure {
            return [.problem("supervisor", failure.description, remedy: "or set VIGIL_SUPERVISOR to its path")]
        } catch {
            return [.problem("supervisor", "\(error)", remedy: "install vigil and vigil-supervisor side by side")]
        }
    }

    /// The default profiles of all workers have to work; the others may be meant for another machine.
    func agentFindings(on reactor: Reactor) async -> [Finding] {
        var defaults: [AgentProfile] = []
        for settings in [settings] + workers.map({ loaded.settings(for: $0) }) {
            if let profile = settings.profile(named: nil), !defaults.contains(profile) { defaults.append(profile) }
        }
        var findings: [Finding] = []
        for profile in defaults {
            if let message = profile.missingProgram(environment: environment) {
                let parts = message.split(separator: "; ", maxSplits: 1).map(String.init)
                findings.append(.problem("agent", "\(profile.name): \(parts[0])", remedy: parts.last ?? ""))
            } else {
                findings.append(await versionFinding(of: profile, on: reactor))
            }
        }
        let others = settings.agents.values.filter { profile in !defaults.contains { $0.name == profile.name } }
        for profile in others.sorted(by: { $0.name < $1.name }) {
            guard let message = profile.missingProgram(environment: environment) else { continue }
            let parts = message.split(separator: "; ", maxSplits: 1).map(String.init)
            findings.append(.warning("agent", "\(profile.name): \(parts[0])", remedy: parts.last ?? ""))
        }
        return findings
    }

    private func versionFinding(of profile: AgentProfile, on reactor: Reactor) async -> Finding {
        let path = profile.programPath(environment: environment) ?? profile.program
        guard let worker = workers.first, let task = TaskID(bytes: "doctor".utf8),
            let query = profile.versionQuery(
                in: InvocationContext(
                    taskID: task,
                    worker: worker,
                    attempt: 1,
                    runID: runID,
                    root: settings.root,
                    environment: environment
                )
            )
        else { return .ok("agent", "\(profile.name): \(path) (not asked for its version)") }
        let words = query.arguments.joined(separator: " ")
        switch await ProgramRun.run(path, query, within: Self.versionLimit, runID: runID, on: reactor) {
        case .ended(.exited(0), let output):
            return .ok("agent", "\(profile.name): \(path), version \(output.isEmpty ? "not told" : output)")
        case .ended(let status, let output):
            let end =
                switch status {
                case .exited(let code): "ends with exit code \(code)"
                case .signaled(let signal): "is ended by signal \(signal)"
                }
            return .warning(
                "agent",
                "\(profile.name): \(words) \(end)\(output.isEmpty ? "" : ": \(output)")",
                remedy: "try it by hand; if it is no agent, mend CLAUDE_COMMAND"
            )
        case .tookTooLong:
            return .warning(
                "agent",
                "\(profile.name): \(words) takes more than \(DurationText.format(Self.versionLimit))",
                remedy: "try it by hand; if it waits for an answer, log in with it first"
            )
        case .notStarted(let error):
            return .problem(
                "agent",
                "\(profile.name): \(path) cannot be started: \(error.errno)",
                remedy: "see whether it is a program for this machine"
            )
        }
    }

    func promptFindings() -> [Finding] {
        var findings: [Finding] = []
        var files: Set<String> = []
        for settings in [settings] + workers.map({ loaded.settings(for: $0) }) {
            files.formUnion([settings.systemPromptFile].compactMap { $0 })
            files.formUnion(settings.agents.values.compactMap(\.systemPromptFile))
        }
        for file in files.sorted() {
            // What cannot be looked at cannot be read by the agent either.
            guard (try? HostPath.status(of: file))?.kind != .regular else { continue }
            findings.append(
                .problem(
                    "agent",
                    "the system prompt \(file) is not there",
                    remedy: "write it, or mend SYSTEM_PROMPT_FILE"
                )
            )
        }
        for directory in settings.allowedWorkingDirectories
        // What cannot be looked at cannot be worked in.
        where (try? HostPath.status(of: directory))?.kind != .directory {
            findings.append(
                .warning("agent", "\(directory) of ALLOWED_CWD is not there", remedy: "make it, or take it out")
            )
        }
        return findings
    }
}
