// SPDX-License-Identifier: Apache-2.0
// From a task and a profile to a command line, an environment and standard input.

package import QueueModel

/// What to start for one attempt.
package struct AgentInvocation: Equatable, Sendable {
    /// The program and its arguments.
    package let arguments: [String]
    /// The whole environment, as `NAME=VALUE`, sorted by name.
    package let environment: [String]
    /// Standard input; nil for none.
    package let input: [UInt8]?
}

/// What an invocation takes from the attempt and from the daemon.
package struct InvocationContext: Sendable {
    /// The task.
    package var taskID: TaskID
    /// The worker that runs it.
    package var worker: WorkerID
    /// The number of the attempt, from 1.
    package var attempt: Int
    /// The mark of this run, by which its processes are found.
    package var runID: String
    /// The root of the queue, an absolute path.
    package var root: String
    /// The environment of the daemon.
    package var environment: [String: String]
    /// The worker's file with the system prompt; a profile's own comes before it.
    package var systemPromptFile: String?
    /// The most that the attempt may cost in US dollars, for agents that can be told; nil for no limit.
    package var maxCostUSD: Double?
    /// The session to go on with; nil for the one that the task names, if it does.
    package var sessionID: String?
    /// What the agent is told; nil for the task's description.
    package var prompt: String?

    /// Gathers what an invocation needs.
    ///
    /// - Parameters:
    ///   - taskID: the task.
    ///   - worker: the worker that runs it.
    ///   - attempt: the number of the attempt, from 1.
    ///   - runID: the mark of this run.
    ///   - root: the root of the queue, an absolute path.
    ///   - environment: the environment of the daemon.
    ///   - systemPromptFile: the worker's file with the system prompt.
    ///   - maxCostUSD: the most that the attempt may cost in US dollars.
    ///   - sessionID: the session to go on with.
    ///   - prompt: what the agent is told.
    package init(
        taskID: TaskID,
        worker: WorkerID,
        attempt: Int,
        runID: String,
        root: String,
        environment: [String: String],
        systemPromptFile: String? = nil,
        maxCostUSD: Double? = nil,
        sessionID: String? = nil,
        prompt: String? = nil
    ) {
        self.taskID = taskID
        self.worker = worker
        self.attempt = attempt
        self.runID = runID
        self.root = root
        self.environment = environment
        self.systemPromptFile = systemPromptFile
        self.maxCostUSD = maxCostUSD
        self.sessionID = sessionID
        self.prompt = prompt
    }
}

extension AgentProfile {
    /// The kernel's limit for one argument without its final zero byte (`MAX_ARG_STRLEN`, execve(2)).
    package static var longestArgument: Int { 131_071 }
    /// From here on the description of a `claudeText` profile goes to standard input, in bytes.
    package static var longestClaudeArgument: Int { 100 << 10 }

    /// Makes the command line, environment and standard input for an attempt.
    ///
    /// - Parameters:
    ///   - task: the task.
    ///   - context: what comes from the attempt and from the daemon.
    ///   - passed: what of the daemon's environment reaches the profile's agents, where that is known already.
    /// - Returns: what to start.
    /// - Throws: `AgentError` when no attempt at this task can succeed.
    package func invocation(
        for task: TaskRecord,
        in context: InvocationContext,
        passing passed: PassedEnvironment? = nil
    ) throws(AgentError) -> AgentInvocation {
        let call = AgentCall(
            context: context,
            session: context.sessionID ?? task.sessionID,
            prompt: context.prompt ?? task.description
        )
        guard !call.prompt.hasZeroByte else {
            throw AgentError(
                code: .promptHasZeroByte,
                message: "the description holds a zero byte, which no program can be given; remove it"
            )
        }
        try checkSession(call.session)
        let arguments: [String]
        let isPiped: Bool
        switch kind {
        case .claudeText:
            isPiped =
                promptChannel == .standardInput || call.prompt.utf8.count > Self.longestClaudeArgument
                || call.prompt.utf8.first == UInt8(ascii: "-")
            arguments = claudeArguments(call, isPiped: isPiped)
        case .claude:
            isPiped = true
            arguments = claudeStreamArguments(call)
        case .codex:
            isPiped = true
            let resume = call.session.map { ["resume", $0] } ?? []
            arguments = self.arguments + ["exec", "--json", "--skip-git-repo-check"] + resume + ["-"]
        case .events, .command:
            isPiped = promptChannel == .standardInput
            arguments = try commandArguments(call)
        }
        guard arguments.allSatisfy({ $0.utf8.count <= Self.longestArgument }) else {
            throw AgentError(
                code: .promptTooLong,
                message: "the description has \(call.prompt.utf8.count) bytes, too many for an argument of "
                    + "\(program) (at most \(Self.longestArgument)); shorten it, or give the profile \(name) prompt: \"stdin\""
            )
        }
        return AgentInvocation(
            arguments: arguments,
            environment: (passed ?? PassedEnvironment(for: self, from: context.environment)).variables(in: context),
            input: isPiped ? input(call.prompt) : nil
        )
    }

    /// Whether a prompt reaches the program whole.
    ///
    /// - Parameter prompt: what it is to be told.
    /// - Returns: false for one that is too long for an argument.
    package func takes(_ prompt: String) -> Bool {
        switch kind {
        case .claudeText, .claude, .codex: true
        case .events, .command:
            promptChannel == .standardInput || prompt.utf8.count <= Self.longestArgument
        }
    }

    /// Whether a later run can go on with the session of an earlier one.
    package var canResume: Bool {
        switch kind {
        case .claudeText, .claude, .codex: true
        case .events, .command:
            arguments.contains { $0 == ArgumentTemplate.resume || ArgumentTemplate.holds(.sessionID, $0) }
        }
    }

    /// The Claude command line would take a description that begins with a slash for a command of its own.
    private func input(_ prompt: String) -> [UInt8] {
        let bytes = Array(prompt.utf8)
        return kind == .claude && bytes.first == UInt8(ascii: "/") ? [UInt8(ascii: " ")] + bytes : bytes
    }

    private func claudeStreamArguments(_ call: AgentCall) -> [String] {
        var result = arguments + ["-p", "--output-format", "stream-json", "--verbose"]
        // Only the pieces of an answer tell what it has used before the end.
        if !prices.isEmpty { result.append("--include-partial-messages") }
        if let file = systemPromptFile ?? call.context.systemPromptFile { result += ["--system-prompt-file", file] }
        if let session = call.session { result += ["--resume", session] }
        if let cost = call.context.maxCostUSD { result += ["--max-budget-usd", Self.dollars(cost)] }
        return result
    }

    private static func dollars(_ amount: Double) -> String { JSONWriter.text(.decimal(amount)) }

    private func claudeArguments(_ call: AgentCall, isPiped: Bool) -> [String] {
        var result = arguments
        if let file = systemPromptFile ?? call.context.systemPromptFile { result += ["--system-prompt-file", file] }
        if let session = call.session { result += ["--resume", session] }
        result.append("-p")
        if !isPiped { result.append(call.prompt) }
        return result
    }

    private func commandArguments(_ call: AgentCall) throws(AgentError) -> [String] {
        if call.prompt.utf8.first == UInt8(ascii: "-"), let argument = optionPosition {
            throw AgentError(
                code: .promptLooksLikeOption,
                message: "the description starts with \"-\", which \(program) would take for an option; start it with "
                    + "another character, or give the profile \(name) \"--\" before \"\(argument)\", or prompt: \"stdin\""
            )
        }
        let words = arguments.flatMap { word in
            word == ArgumentTemplate.resume ? (call.session == nil ? [] : resumeArguments) : [word]
        }
        let context = call.context
        return words.map { template in
            ArgumentTemplate.filled(template) { placeholder in
                switch placeholder {
                case .description: call.prompt
                case .taskID: context.taskID.string
                case .worker: context.worker.string
                case .attempt: String(context.attempt)
                case .sessionID: call.session ?? ""
                case .systemPromptFile: systemPromptFile ?? context.systemPromptFile ?? ""
                case .maxCostUSD: context.maxCostUSD.map(Self.dollars) ?? ""
                }
            }
        }
    }

    /// The first argument that begins with the description where the program still looks for options.
    private var optionPosition: String? {
        arguments.dropFirst().prefix { $0 != "--" }.first { $0.hasPrefix("{description}") }
    }

    /// A session's name must not look like an option: it is the task that gives it.
    private func checkSession(_ session: String?) throws(AgentError) {
        guard let session, !Self.isSessionName(session) else { return }
        throw AgentError(
            code: .invalidSessionID,
            message: "session_id is not the name of a session; give letters, digits, \".\", \"_\", \":\" and \"-\", "
                + "the first a letter or digit"
        )
    }

    /// Whether a text can name a session: at most 256 letters, digits, `.`, `_`, `:` and `-`, the first no sign.
    ///
    /// - Parameter text: the text.
    /// - Returns: whether an agent is given such a name.
    package static func isSessionName(_ text: String) -> Bool {
        let isWord = { (byte: UInt8) in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        guard let first = text.utf8.first else { return false }
        return isWord(first) && text.utf8.count <= 256
            && text.utf8.allSatisfy { isWord($0) || "._:-".utf8.contains($0) }
    }
}

/// What one run is about.
private struct AgentCall {
    let context: InvocationContext
    let session: String?
    let prompt: String
}
