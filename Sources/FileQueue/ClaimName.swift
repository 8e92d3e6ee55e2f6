// SPDX-License-Identifier: Apache-2.0
// The names of the files that make up a claim.

package import QueueModel
package import SystemKit

/// One name in the claims directory.
///
/// `~` is in no identifier, so the parts can be told apart. The task's name carries the worker, so that a claim whose
/// state record did not survive a power cut still says whose it is.
package enum ClaimName: Hashable, Sendable {
    /// `<id>~state`: created exclusively, so that one id is claimed once in the whole root.
    case state(TaskID)
    /// `<id>~task@<worker>`: the task file as it came; locked while anybody works on it.
    case task(TaskID, WorkerID)
    /// `<id>~exit`: written by the supervisor when the attempt has ended.
    case exit(TaskID)
    /// `<id>~check`: written by the supervisor when a check of the attempt's work has ended.
    case check(TaskID)
    /// `~owner-<instance>`: locked by a daemon for as long as it lives.
    case owner(String)

    /// Reads a name; `nil` for temporary files and whatever else does not belong here.
    /// - Parameter name: A name found in the claims directory.
    package init?(_ name: FileName) {
        let bytes = name.bytes
        if name.hasPrefix("~owner-") {
            self = .owner(String(decoding: bytes.dropFirst(7), as: UTF8.self))
            return
        }
        guard let tilde = bytes.firstIndex(of: UInt8(ascii: "~")), let id = TaskID(bytes: bytes[..<tilde]) else {
            return nil
        }
        let kind = bytes[(tilde + 1)...]
        if kind.elementsEqual("state".utf8) {
            self = .state(id)
        } else if kind.elementsEqual("exit".utf8) {
            self = .exit(id)
        } else if kind.elementsEqual("check".utf8) {
            self = .check(id)
        } else if kind.starts(with: "task@".utf8), let worker = WorkerID(bytes: kind.dropFirst(5)) {
            self = .task(id, worker)
        } else {
            return nil
        }
    }

    /// The name on disk.
    package var fileName: FileName {
        switch self {
        case .state(let id): FileName(id.string, "~state")
        case .task(let id, let worker): FileName(id.string, "~task@", worker.string)
        case .exit(let id): FileName(id.string, "~exit")
        case .check(let id): FileName(id.string, "~check")
        case .owner(let instance): FileName("~owner-" + instance)
        }
    }
}

extension Directory {
    /// The record of a task in the directory of claims; nil when there is none that can be read as one.
    func claimState(of id: TaskID) throws(SystemCallError) -> ClaimState? {
        try read(ClaimName.state(id).fileName, limit: ClaimState.maxBytes).flatMap { ClaimState(decoding: $0, of: id) }
    }

    /// The exit record of the agent's run in the room behind the claim's record.
    func exitRecordBehind(_ state: ClaimState) throws(SystemCallError) -> [UInt8]? {
        let bytes = try read(ClaimName.state(state.taskID).fileName, limit: ClaimState.maxBytes)
        return bytes.flatMap { ClaimState.exitRecord(behind: $0, of: state.agentRunID) }
    }
}
