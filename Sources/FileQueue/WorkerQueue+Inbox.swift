// SPDX-License-Identifier: Apache-2.0
// Looking at what producers put into the inbox.

import QueueModel
package import SystemKit

extension WorkerQueue {
    /// Whether a name in the inbox is a task file's: ends in `.json` and does not start with a dot.
    /// - Parameter name: A name found in the inbox.
    /// - Returns: Whether to look at the file.
    package static func isTaskFileName(_ name: FileName) -> Bool { name.hasSuffix(".json") && !name.hasPrefix(".") }

    /// Looks at one file of the inbox without changing anything.
    /// - Parameter name: Its name.
    /// - Returns: What it is.
    /// - Throws: When the file cannot be read, for example `EIO`, `EACCES` or `EMFILE`; try again later.
    package func inspect(_ name: FileName) throws(SystemCallError) -> InboxFinding {
        switch try open(name) {
        case .gone: return .gone
        case .rejected(let rejection): return .rejected(rejection)
        case .open(let file):
            let status = file.status
            let contents = file.contents
            switch contents {
            case .task(let task):
                keep(file, name)
                return .task(QueuedTask(task, fileName: name, status: status), task)
            case .rejected(let rejection):
                guard rejection.reason == .invalidJSON || rejection.reason == .unsafeFile else {
                    return .rejected(rejection)
                }
                return .unfinished(status, rejection, hasWriter: file.descriptor.hasWriter() ?? false)
            }
        }
    }

    private func keep(_ file: consuming OpenFile, _ name: FileName) {
        recent.hold(file, name)
        ahead.forget(name)
    }

    /// Opens and reads the file that is claimed next, unless that was done; its claim then only looks whether anything
    /// of it has changed since.
    ///
    /// What cannot be read, or is no task any more, is left to the claim.
    /// - Parameter name: Its name in the inbox; `nil` when none is known to come next.
    package func readAhead(_ name: FileName?) {
        if ahead.name == name { return }
        guard let name, recent.name != name else { return ahead.drop() }
        let opening: Opening
        do throws(SystemCallError) { opening = try open(name) } catch { return ahead.hold(nil, name) }
        switch consume opening {
        case .gone: ahead.hold(nil, name)
        case .rejected: ahead.hold(nil, name)
        case .open(var file):
            if case .task(let task) = file.contents { file.digest = task.contentDigest }
            ahead.hold(file, name)
        }
    }

    /// Closes what is still open of a file that has left the inbox.
    /// - Parameter name: The name that it had.
    package func forget(_ name: FileName) {
        recent.forget(name)
        ahead.forget(name)
    }

    /// Opens a file for its claim: what was read before serves when nothing of the file has changed since.
    ///
    /// Whether the name still leads to it is checked after the rename.
    func openForClaim(_ name: FileName) throws(SystemCallError) -> Opening {
        if let file = try recent.take(name) { return .open(file) }
        if let file = try ahead.take(name) { return .open(file) }
        return try open(name)
    }

    /// A file that was looked at, still open.
    struct HeldFile: ~Copyable {
        private(set) var name: FileName?
        private var file: OpenFile?

        /// Holds a file in place of the one before; `nil` when there is nothing to be had of it.
        mutating func hold(_ file: consuming OpenFile?, _ name: FileName) {
            self.name = name
            self.file = file
        }

        /// Gives the file away, unless it is another one or has changed.
        mutating func take(_ name: FileName) throws(SystemCallError) -> OpenFile? {
            guard self.name == name else { return nil }
            self.name = nil
            guard let file = file.take(), try file.descriptor.status() == file.status else { return nil }
            return file
        }

        mutating func forget(_ name: FileName) {
            if self.name == name { drop() }
        }

        mutating func drop() {
            name = nil
            file = nil
        }
    }

    /// An inbox file that is open.
    struct OpenFile: ~Copyable {
        var descriptor: OwnedDescriptor
        var status: FileStatus
        var contents: Contents
        /// The digest of the task, when there was time for it.
        var digest: String?
    }

    /// What the bytes of an inbox file mean.
    enum Contents {
        case task(TaskRecord)
        case rejected(TaskRejection)
    }

    /// What opening an inbox file came to.
    enum Opening: ~Copyable {
        case gone
        case rejected(TaskRejection)
        case open(OpenFile)
    }

    /// Opens and reads a file by its descriptor; its name is not looked up a second time.
    func open(_ name: FileName) throws(SystemCallError) -> Opening {
        let descriptor: OwnedDescriptor
        do throws(SystemCallError) {
            // O_NOFOLLOW and O_NONBLOCK: a link is refused, a pipe without a writer does not block.
            descriptor = try inbox.openFile(name)
        } catch {
            switch error.errno {
            case .noEntry: return .gone
            case .loop: return .rejected(WorkerQueue.unsafe("a symbolic link"))
            case .invalidArgument, .noDevice, .noDeviceOrAddress:
                return .rejected(WorkerQueue.unsafe("not a regular file"))
            default: throw error
            }
        }
        let status = try descriptor.status()
        guard status.kind == .regular else {
            return .rejected(WorkerQueue.unsafe("not a regular file"))
        }
        if let rejection = try ownerRejection(status) { return .rejected(rejection) }
        guard status.size <= Int64(limits.maxBytes) else {
            return .rejected(
                TaskRejection(
                    reason: .tooLarge,
                    message: "the file has \(status.size) bytes; at most \(limits.maxBytes) are taken (MAX_TASK_BYTES)"
                )
            )
        }
        let bytes = try descriptor.readAll(limit: limits.maxBytes, status: status)
        var contents = Contents(bytes, worker: worker, limits: limits)
        if status.linkCount > 1, case .task = contents {
            // A producer that links its file into place removes the other name in the next moment.
            contents = .rejected(WorkerQueue.unsafe("a file with \(status.linkCount) names"))
        }
        return .open(OpenFile(descriptor: descriptor, status: status, contents: contents))
    }

    /// Files of strangers are refused, unless the directory invites them.
    private func ownerRejection(_ status: FileStatus) throws(SystemCallError) -> TaskRejection? {
        let own = SystemInfo.effectiveUserID
        if status.owner == own || status.owner == 0 { return nil }
        let directory = try inbox.status()
        if directory.owner == status.owner || directory.permissions & 0o022 != 0 { return nil }
        return WorkerQueue.unsafe("owned by user \(status.owner), who may not write to this inbox")
    }

    private static func unsafe(_ what: String) -> TaskRejection {
        TaskRejection(reason: .unsafeFile, message: "\(what); put a regular file of your own there")
    }
}

extension WorkerQueue.Contents {
    init(_ bytes: [UInt8], worker: WorkerID, limits: TaskLimits) {
        do throws(TaskRejection) {
            self = .task(try TaskRecord.decode(bytes, for: worker, limits: limits))
        } catch { self = .rejected(error) }
    }
}
