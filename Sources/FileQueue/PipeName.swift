// SPDX-License-Identifier: Apache-2.0
// The names of a worker's pipes.

package import QueueModel
package import SystemKit

/// The names in the directory of pipes; part of the protocol.
package enum PipeName {
    /// `<worker>-control`: commands to a worker, one JSON object a line.
    /// - Parameter worker: The worker.
    /// - Returns: The name.
    package static func control(of worker: WorkerID) -> FileName { FileName(worker.string, "-control") }

    /// `<worker>-status`: a worker's answers and events, one JSON object a line.
    /// - Parameter worker: The worker.
    /// - Returns: The name.
    package static func status(of worker: WorkerID) -> FileName { FileName(worker.string, "-status") }
}
