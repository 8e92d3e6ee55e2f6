// SPDX-License-Identifier: Apache-2.0
// Where the orchestrator keeps its files.

package import SystemKit

/// The orchestrator's own files; they lie beside its snapshot.
package struct HistoryLocation: Sendable, Equatable {
    /// The snapshot, `STATE_FILE`.
    package let snapshot: String

    /// Names the files of an orchestrator.
    /// - Parameter stateFile: The path of the snapshot.
    package init(stateFile: String) { snapshot = stateFile }

    /// The directory of all these files.
    package var directory: String {
        let slash = snapshot.lastIndex(of: "/") ?? snapshot.startIndex
        return slash == snapshot.startIndex ? "/" : String(snapshot[..<slash])
    }

    /// The name of the snapshot in the directory.
    package var snapshotName: FileName {
        let slash = snapshot.lastIndex(of: "/").map { snapshot.index(after: $0) } ?? snapshot.startIndex
        return FileName(String(snapshot[slash...]))
    }

    /// The database's file.
    package var database: String { "\(directory)/\(Self.databaseName)" }

    /// The name of the database in the directory.
    package static let databaseName: FileName = ".orchestrator.db"
    /// The name of SQLite's journal, which goes when a change is complete.
    package static let journalName: FileName = ".orchestrator.db-journal"
    /// The name of the file that an orchestrator holds locked as long as it lives.
    package static let lockName: FileName = ".orchestrator.lock"

    /// Whether an orchestrator lives, as its kernel lock says.
    /// - Returns: False also when there never was one.
    /// - Throws: When the lock cannot be looked at.
    package func isServed() throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            return try !Directory.open(directory).openFile(Self.lockName).tryLockShared()
        } catch {
            if error.errno == .noEntry { return false }
            throw error
        }
    }
}
