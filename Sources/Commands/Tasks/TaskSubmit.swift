// SPDX-License-Identifier: Apache-2.0
// `vigil submit`.

import ArgumentParser
import FileQueue
import QueueModel
import Settings
import SystemKit

/// Puts tasks into a worker's inbox, and waits for what comes of it when asked to.
struct TaskSubmit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Put a task into a worker's inbox.",
        discussion: """
            Prints the task's id when the task is safe on disk; a daemon need not
            run. Submitting the same task again does no harm: it is known by its id
            and contents.

            With --wait or --follow, standard output holds what the agent says and
            nothing else; the id goes to standard error. The exit code is the task's
            verdict: 0 completed, 1 failed or cancelled, 124 timed out. Ctrl-C ends
            the waiting, not the task.

            With --json it prints a document for each task, "outcome" being accepted or
            repeated; with --wait the result instead. A task whose dependencies lead back
            to it is refused, also when they do so through tasks that are queued.

            Examples:
              vigil submit marie Summarise the changes of today
              vigil submit marie --wait --timeout 10m 'Which tests are slow?'
              vigil submit marie --after build-7 --priority high --file task.md
              generate-tasks | vigil submit marie --batch -
            """
    )

    @Argument(help: "Whose inbox.", transform: { try WorkerID($0) })
    var worker: WorkerID
    @Argument(help: "The prompt for the agent; the words are joined by spaces.")
    var description: [String] = []

    @Option(help: ArgumentHelp("Take the description from a file; - is standard input.", valueName: "file"))
    var file: String?
    @Option(
        help: ArgumentHelp(
            "Submit a JSON task from each line of a file, all or none; - is standard input.",
            valueName: "file"
        )
    )
    var batch: String?
    @OptionGroup(title: "The task")
    var task: TaskOptions
    @Flag(help: "Take the place of a queued or ended task of the same id.")
    var replace = false
    @Flag(help: "Wait for the end, and print the agent's answer.")
    var wait = false
    @Flag(help: "Wait for the end, and print the agent's output while it comes.")
    var follow = false
    @OptionGroup
    var form: OutputOptions
    @OptionGroup
    var queue: QueueOptions

    func validate() throws {
        if form.json && follow { throw ValidationError("--json cannot be combined with --follow; use --wait") }
        let sources = [!description.isEmpty, file != nil, batch != nil].count { $0 }
        guard sources > 0 else { throw ValidationError("Give the description, as words or with --file or --batch") }
        guard sources == 1 else { throw ValidationError("Give only one of description, --file and --batch") }
        guard batch != nil else { return }
        if wait || follow { throw ValidationError("--batch cannot be combined with --wait or --follow") }
        if let option = task.firstGiven {
            throw ValidationError("--batch takes \(option) from its lines; leave the option out")
        }
    }

    func run() throws {
        let loaded = try queue.load()
        let settings = loaded.settings(for: worker)
        if let batch {
            try TaskBatchSubmission(worker: worker, settings: settings, replacing: replace, output: form.output).run(
                batch
            )
        } else {
            let text = try file.map { try Input.readText($0, limit: settings.maxTaskBytes) }
            let isWaiting = wait || follow
            // An agent can begin before this command waits for it.
            if isWaiting { Following.holdInterrupts() }
            let (id, outcome) = try submit(task.draft(text ?? description.joined(separator: " ")), settings)
            if isWaiting {
                Output.note(id.string)
            } else {
                form.output.render(outcome.json(id, worker), id.string)
            }
            if outcome == .repeated { Output.note("task \(id) was there already; nothing was added") }
            try Self.noteAbsence(of: worker, settings)
            if isWaiting {
                try TaskWaiting(id: id, worker: worker, settings: settings, isFollowing: follow, isJSON: form.json)
                    .run()
            }
        }
    }

    private func submit(_ draft: TaskDraft, _ settings: VigilSettings) throws -> (TaskID, SubmissionOutcome) {
        let submission = TaskSubmission(locations: QueueLocations(settings), durability: settings.durability)
        var generator = SystemRandomNumberGenerator()
        let id = task.id ?? NewTaskID(now: .present(), using: &generator).single
        do {
            let record = try draft.task(id: id, for: worker, limits: settings.taskLimits)
            try DependencyRing.refuse([record], in: QueueLocations(settings))
            return (id, try submission.submit(record, to: worker, replacing: replace))
        } catch let error as TaskRejection {
            // A wrong option is a matter of usage; what the agent is to read is data.
            guard let field = error.field, field != "description" else {
                throw CommandFailure(.badData, error.message)
            }
            throw CommandFailure(.usage, "--" + error.message.replacing(field, with: TaskOptions.name(of: field)))
        } catch let error as SubmissionError {
            throw CommandFailure(error)
        }
    }

    /// Says so when the task will wait for want of a daemon; that is no error.
    static func noteAbsence(of worker: WorkerID, _ settings: VigilSettings) throws {
        do {
            let view = try QueueView(locations: QueueLocations(settings))
            let presence = try WorkerPresence(of: worker, in: view, interval: settings.heartbeatInterval)
            guard let absence = presence.absence(now: .present(), workers: settings.workers) else { return }
            Output.note("the task waits: \(absence)")
        } catch { throw CommandFailure(error) }
    }
}

extension SubmissionOutcome {
    /// What became of a task, as a document.
    /// - Parameters:
    ///   - id: The task.
    ///   - worker: Whose inbox it was for.
    /// - Returns: The document.
    func json(_ id: TaskID, _ worker: WorkerID) -> JSONValue {
        let word =
            switch self {
            case .accepted: "accepted"
            case .repeated: "repeated"
            }
        return [
            "schema_version": 1, "task_id": .string(id.string), "worker": .string(worker.string),
            "outcome": .string(word),
        ]
    }
}

/// The fields of a task, as options.
struct TaskOptions: ParsableArguments {
    @Option(help: "The task's id; else one is made.", transform: { try TaskID($0) })
    var id: TaskID?
    @Option(help: "critical, high, normal, low, or a number from -100 to 100; higher goes first.")
    var priority: String?
    @Option(
        help: ArgumentHelp("The time limit of an attempt, such as 10m.", valueName: "duration"),
        transform: { try Duration(typed: $0) }
    )
    var timeout: Duration?
    @Option(
        help: ArgumentHelp("Start when this task has completed; may be repeated.", valueName: "id"),
        transform: { try TaskID($0) }
    )
    var after: [TaskID] = []
    @Option(
        help: ArgumentHelp("Start no earlier: ISO 8601, or 18:30 for the next such time.", valueName: "time"),
        transform: { try TimeReader.system.read($0) }
    )
    var at: Timestamp?
    @Option(
        help: ArgumentHelp("Start no earlier than so long from now, such as 2h.", valueName: "duration"),
        transform: { try Duration(typed: $0) }
    )
    var `in`: Duration?
    @Option(
        help: ArgumentHelp("Give up when not started by then.", valueName: "time"),
        transform: { try TimeReader.system.read($0) }
    )
    var expires: Timestamp?
    @Option(help: ArgumentHelp("Retries of a failed attempt, 0 to 100.", valueName: "n"))
    var maxRetries: Int?
    @Option(help: ArgumentHelp("What all attempts may cost in US dollars.", valueName: "usd"))
    var maxCost: Double?
    @Option(help: "The agent profile; else the worker's.", transform: { try AgentName($0) })
    var agent: AgentName?
    @Option(help: ArgumentHelp("Go on with a session of the agent.", valueName: "session"))
    var resume: String?
    @Option(
        help: ArgumentHelp("A configured check that the work must pass; may be repeated.", valueName: "name"),
        transform: { try CheckName($0) }
    )
    var verify: [CheckName] = []
    @Option(help: ArgumentHelp("How often what a check found goes back to the agent.", valueName: "n"))
    var verifyRounds: Int?
    @Option(help: ArgumentHelp("Where the agent works, within ALLOWED_CWD.", valueName: "directory"))
    var cwd: String?
    @Option(help: "A name for tasks that belong together.", transform: { try GroupName($0) })
    var group: GroupName?
    @Option(
        help: ArgumentHelp("A text for the result to carry; may be repeated.", valueName: "key=value"),
        transform: { try TaskDraft.Metadatum($0) }
    )
    var metadata: [TaskDraft.Metadatum] = []

    func validate() throws {
        if at != nil && self.in != nil { throw ValidationError("Give only one of --at and --in") }
        let start = at.map { ($0, "--at") } ?? self.in.map { (Timestamp.present().adding($0), "--in") }
        let (earliest, name) = start ?? (.present(), "now")
        if let expires, expires <= earliest { throw ValidationError("--expires \(expires) is not after \(name)") }
        for (index, datum) in metadata.enumerated()
        where metadata[..<index].contains(where: { $0.key == datum.key }) {
            throw ValidationError("--metadata \(datum.key) is given twice")
        }
    }

    /// The name of the option for a field of the task.
    static func name(of field: String) -> String {
        switch field {
        case "max_cost_usd": "max-cost"
        case "session_id": "resume"
        default: field.replacing("_", with: "-")
        }
    }

    /// The name of an option that was given; nil when none was.
    var firstGiven: String? {
        let given: [(String, Bool)] = [
            ("--id", id != nil), ("--priority", priority != nil), ("--timeout", timeout != nil),
            ("--after", !after.isEmpty), ("--at", at != nil), ("--in", self.in != nil), ("--expires", expires != nil),
            ("--max-retries", maxRetries != nil), ("--max-cost", maxCost != nil), ("--agent", agent != nil),
            ("--resume", resume != nil), ("--verify", !verify.isEmpty), ("--verify-rounds", verifyRounds != nil),
            ("--cwd", cwd != nil),
            ("--group", group != nil), ("--metadata", !metadata.isEmpty),
        ]
        return given.first { $0.1 }?.0
    }

    /// The task that the options describe.
    /// - Parameter description: The prompt for the agent.
    /// - Returns: The task, not checked yet.
    func draft(_ description: String) -> TaskDraft {
        var draft = TaskDraft(description)
        draft.priority = priority
        draft.timeout = timeout
        draft.dependencies = after
        draft.notBefore = at ?? self.in.map { Timestamp.present().adding($0) }
        draft.expiresAt = expires
        draft.maxRetries = maxRetries
        draft.maxCostUSD = maxCost
        draft.agent = agent
        draft.sessionID = resume
        draft.verify = verify
        draft.verifyRounds = verifyRounds
        // Seen from where the command is typed; the worker is somewhere else.
        draft.workingDirectory = cwd.map { $0.hasPrefix("/") ? $0 : "\(SystemInfo.currentDirectory)/\($0)" }
        draft.group = group
        draft.metadata = metadata
        return draft
    }
}

extension VigilSettings {
    /// The limits of a task.
    var taskLimits: TaskLimits { TaskLimits(maxBytes: maxTaskBytes, maxTimeout: maxTaskTimeout) }
}
