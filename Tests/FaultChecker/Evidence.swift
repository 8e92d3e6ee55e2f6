// SPDX-License-Identifier: Apache-2.0
// What witnesses that are not the daemon have seen.

/// One line of a client's own log.
package struct ClientEvent: Sendable, Equatable {
    /// What the client did or was told.
    package enum Kind: String, Sendable {
        /// It is about to submit; the outcome is unknown unless another line follows.
        case attempted
        /// It was told that the task is in the queue.
        case accepted
        /// It was told that the task was in the queue before.
        case repeated
        /// It was told that another task has the id.
        case refused
        /// A request to cancel the task may be made from now on, at any time.
        case cancelling
        /// Its request to cancel the task was on disk before anything of the task could start.
        case cancelRequested = "cancel_requested"
    }
    /// What the client did or was told.
    package var kind: Kind
    /// The task's id; for a file that is no task its name without the ending.
    package var name: String
    /// The digest of the task's content; for a file that is no task that of its bytes.
    package var digest: String
    /// Whether the file keeps the rules of tasks.
    package var isTask = true
    /// The most attempts that the task may have.
    package var maxAttempts = 1

    /// A client's line.
    package init(_ kind: Kind, _ name: String, digest: String, isTask: Bool = true, maxAttempts: Int = 1) {
        self.kind = kind
        self.name = name
        self.digest = digest
        self.isTask = isTask
        self.maxAttempts = maxAttempts
    }
}

/// One line of the witness log that the agents themselves write.
package struct WitnessEvent: Sendable, Equatable {
    /// What the agent did.
    package enum Kind: Sendable, Equatable {
        /// It started. `alone`: no process of an earlier execution lived, as a lock of the kernel says. `over`: the
        /// final result was there already.
        case start(alone: Bool, over: Bool)
        /// It is about to end with this code.
        case exit(code: Int)
    }
    /// What the agent did.
    package var kind: Kind
    /// The task.
    package var task: String
    /// The number of the attempt, as the agent was told.
    package var attempt: Int
    /// The name of the execution, as the agent was told.
    package var run: String
    /// Monotonic time in nanoseconds.
    package var at: Int64

    /// An agent's line.
    package init(_ kind: Kind, _ task: String, attempt: Int, run: String, at: Int64) {
        self.kind = kind
        self.task = task
        self.attempt = attempt
        self.run = run
        self.at = at
    }
}

/// What a reader has seen who opens every result and dead letter as soon as there is one.
package struct Observation: Sendable, Equatable {
    /// Where the file lies.
    package enum Shelf: String, Sendable { case results, letters }
    /// Where the file lies.
    package var shelf: Shelf
    /// The file's name without its ending; for a result the task's id.
    package var name: String
    /// The digest of what was read.
    package var digest: String
    /// Whether it was a whole record.
    package var isWhole: Bool
    /// Whether a process of the task lived when its result was there.
    package var isTaskAlive: Bool
    /// Monotonic time in nanoseconds, taken after the file was read.
    package var at: Int64

    /// A reader's line.
    package init(
        _ shelf: Shelf,
        _ name: String,
        digest: String,
        isWhole: Bool = true,
        isTaskAlive: Bool = false,
        at: Int64
    ) {
        self.shelf = shelf
        self.name = name
        self.digest = digest
        self.isWhole = isWhole
        self.isTaskAlive = isTaskAlive
        self.at = at
    }
}

/// How one daemon ended.
package struct DaemonEnd: Sendable, Equatable {
    /// Whether it had said that it takes tasks.
    package var wasReady: Bool
    /// Whether the campaign ended it, by a signal or at the chosen operation.
    package var wasEnded: Bool
    /// The signal that ended it; nil when it exited.
    package var signal: Int?
    /// The exit code; nil when a signal ended it.
    package var code: Int?

    /// An end of a daemon.
    package init(wasReady: Bool, wasEnded: Bool, signal: Int?, code: Int?) {
        self.wasReady = wasReady
        self.wasEnded = wasEnded
        self.signal = signal
        self.code = code
    }
}

/// Everything that is known of one run, none of it from the daemon.
package struct Evidence: Sendable {
    /// What may have happened besides.
    package struct Circumstances: Sendable, Equatable {
        /// Supervisors were killed too, so that attempts may be cut off.
        package var killsSupervisors = false
        /// The power was cut, so that the beginning of an attempt may be forgotten.
        package var cutsPower = false
        /// Why the queue did not come to rest, if it did not.
        package var unrest: String?

        /// Only the daemon was ended, and the queue came to rest.
        package init() {}
    }
    /// The client's log, in order.
    package var client: [ClientEvent] = []
    /// The witness log, in order.
    package var witness: [WitnessEvent] = []
    /// The observer's log, in order.
    package var observations: [Observation] = []
    /// The files at rest.
    package var files = FilesAtRest()
    /// Every daemon that ended.
    package var daemons: [DaemonEnd] = []
    /// Processes that lived when nothing should run.
    package var survivors: [String] = []
    /// What may have happened besides.
    package var circumstances = Circumstances()

    /// Nothing is known yet.
    package init() {}
}
