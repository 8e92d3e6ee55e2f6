// SPDX-License-Identifier: Apache-2.0
// The names of the requests to workers.

package import QueueModel
package import SystemKit

/// One name in the directory of requests.
package enum ControlName: Hashable, Sendable {
    /// `<id>~cancel`: the task is to be cancelled.
    case cancel(TaskID)
    /// `~pause-<worker>`: the worker is to start nothing.
    case pause(WorkerID)

    /// Reads a name; `nil` for temporary files and whatever else does not belong here.
    /// - Parameter name: A name found in the directory of requests.
    package init?(_ name: FileName) {
        let bytes = name.bytes
        if name.hasPrefix("~pause-") {
            guard let worker = WorkerID(bytes: bytes.dropFirst(7)) else { return nil }
            self = .pause(worker)
        } else if name.hasSuffix("~cancel") {
            guard let id = TaskID(bytes: bytes.dropLast(7)) else { return nil }
            self = .cancel(id)
        } else {
            return nil
        }
    }

    /// The name on disk.
    package var fileName: FileName {
        switch self {
        case .cancel(let id): FileName(id.string, "~cancel")
        case .pause(let worker): FileName("~pause-" + worker.string)
        }
    }
}
