// SPDX-License-Identifier: Apache-2.0
// Makes sure that a queue has one orchestrator.

import SystemKit

/// Why an orchestrator cannot begin.
package struct OrchestratorRefusal: Error, Sendable, CustomStringConvertible {
    /// One line: what is in the way and what to do.
    package let description: String
}

/// The kernel's lock on a queue's orchestration, held as long as this object lives.
///
/// The file is never removed, so that nobody can lock another one of its name meanwhile; it names the process that
/// locked it last, for people.
package final class OrchestratorLock: Sendable {
    private let file: OwnedDescriptor

    /// Takes the lock.
    /// - Parameter location: Where the orchestrator's files lie.
    /// - Throws: ``OrchestratorRefusal`` when another orchestrator lives, `SystemCallError` when the file cannot be made.
    package init(_ location: HistoryLocation) throws {
        let directory = try Directory.create(location.directory)
        let name = HistoryLocation.lockName
        file = try directory.createFile(name, exclusive: false)
        guard try file.tryLockExclusive() else {
            let bytes = try directory.read(name, limit: 64) ?? []
            let holder = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            throw OrchestratorRefusal(
                description: "\(directory.pathOf(name)): another orchestrator serves this queue"
                    + (holder.isEmpty ? "" : " (process \(holder))") + "; stop it first"
            )
        }
        // Ten digits and spaces cover whatever stood there before.
        let number = "\(SystemInfo.processID)"
        try file.write(all: Array((number + "\n" + String(repeating: " ", count: 10 - number.utf8.count)).utf8))
    }
}
