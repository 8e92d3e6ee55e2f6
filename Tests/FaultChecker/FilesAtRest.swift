// SPDX-License-Identifier: Apache-2.0
// What lies in a queue's directories when nothing moves any more.

package import QueueModel
import SystemKit

/// The files of a queue when nothing moves any more.
package struct FilesAtRest: Sendable {
    /// A file that should hold a record.
    package struct Entry<Record: Sendable>: Sendable {
        /// Whose directory it lies in.
        package var worker: String
        /// Its name without `.json`.
        package var name: String
        /// What it holds; nil when that cannot be read.
        package var record: Record?

        /// A file with what it holds.
        package init(worker: String, name: String, record: Record?) {
            self.worker = worker
            self.name = name
            self.record = record
        }
    }

    /// The names in the inboxes that are tasks' files.
    package var inbox: [String] = []
    /// The ids of claims, with the kind of the file that is left of each.
    package var claims: [(id: String, kind: String)] = []
    /// The tasks that somebody still asks to be cancelled.
    package var cancelRequests: [String] = []
    /// All results.
    package var results: [Entry<ResultRecord>] = []
    /// The task files that lie with the output of tasks, with the digest of the task in each; nil for what is no task.
    package var kept: [(worker: String, id: String, digest: String?)] = []
    /// All dead letters.
    package var letters: [Entry<DeadLetterRecord>] = []
    /// The digests of the bytes kept beside dead letters, by name without the ending.
    package var raws: [(name: String, digest: String)] = []

    /// An empty queue.
    package init() {}

    /// Reads a queue.
    /// - Parameter root: The root of its directories, all in their usual places.
    /// - Throws: When a directory or a file cannot be read.
    package init(root: String) throws {
        for worker in try Self.names(in: "\(root)/tasks") where !worker.hasPrefix(".") {
            inbox += try Self.names(in: "\(root)/tasks/\(worker)").filter {
                $0.hasSuffix(".json") && !$0.hasPrefix(".")
            }
        }
        for name in try Self.names(in: "\(root)/tasks/.claims") {
            guard let tilde = name.firstIndex(of: "~"), tilde != name.startIndex else { continue }
            let kind = name[name.index(after: tilde)...].prefix { $0 != "@" }
            claims.append((String(name[..<tilde]), String(kind)))
        }
        for name in try Self.names(in: "\(root)/tasks/.control") where name.hasSuffix("~cancel") {
            cancelRequests.append(String(name.dropLast("~cancel".count)))
        }
        for worker in try Self.names(in: "\(root)/results") {
            for (name, bytes) in try Self.files(in: "\(root)/results/\(worker)", ending: ".json") {
                // What cannot be read is a finding, not an error.
                results.append(Entry(worker: worker, name: name, record: try? ResultRecord.decode(bytes)))
            }
            kept += try Self.keptTasks(of: worker, in: "\(root)/results/\(worker)")
        }
        for worker in try Self.names(in: "\(root)/dlq") {
            let place = "\(root)/dlq/\(worker)"
            for (name, bytes) in try Self.files(in: place, ending: ".json") {
                // As above.
                let record = try? DeadLetterRecord.decode(bytes, for: WorkerID(worker))
                letters.append(Entry(worker: worker, name: name, record: record))
            }
            raws += try Self.files(in: place, ending: ".raw").map { ($0.name, Digest.sha256($0.bytes)) }
        }
    }

    private static func keptTasks(
        of worker: String,
        in place: String
    ) throws -> [(worker: String, id: String, digest: String?)] {
        var found: [(worker: String, id: String, digest: String?)] = []
        for id in try names(in: place) where !id.hasPrefix(".") && !id.hasSuffix(".json") {
            guard let bytes = try Directory.open("\(place)/\(id)").read("task.json", limit: 1 << 26) else { continue }
            // What cannot be read is a finding, not an error.
            let task = try? TaskRecord.decode(bytes, for: WorkerID(worker), limits: TaskLimits())
            found.append((worker, id, task?.contentDigest))
        }
        return found
    }

    private static func files(in path: String, ending: String) throws -> [(name: String, bytes: [UInt8])] {
        let directory = try Directory.open(path)
        var found: [(name: String, bytes: [UInt8])] = []
        for name in try names(in: path) where name.hasSuffix(ending) && !name.hasPrefix(".") {
            let bytes = try directory.read(FileName(name), limit: 1 << 26) ?? []
            found.append((String(name.dropLast(ending.count)), bytes))
        }
        return found
    }

    private static func names(in path: String) throws -> [String] {
        var found: [String] = []
        try directory(path)?.names { name in
            found.append(name.description)
            return true
        }
        return found.sorted()
    }

    private static func directory(_ path: String) throws -> Directory? {
        do { return try Directory.open(path) } catch  where error.errno == .noEntry { return nil }
    }
}
