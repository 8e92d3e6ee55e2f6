// SPDX-License-Identifier: Apache-2.0
// What a producer and a consumer do with the queue's directories.

package import QueueModel
package import SystemKit

extension DaemonFixture {
    /// Puts a task into the worker's inbox.
    ///
    /// - Parameters:
    ///   - id: The task's id.
    ///   - description: The task's description.
    ///   - fields: Further fields.
    /// - Throws: `SystemCallError` when it cannot be written.
    package func submit(_ id: String, _ description: String, _ fields: JSONObject = [:]) throws {
        var task: JSONObject = ["task_id": .string(id), "description": .string(description)]
        for (key, value) in fields.members { task[key] = value }
        try drop(JSONWriter.bytes(.object(task)), as: FileName("\(id).json"))
    }

    /// Puts a file into the worker's inbox, whole: it is renamed into place.
    ///
    /// - Parameters:
    ///   - bytes: Its content.
    ///   - name: Its name.
    /// - Throws: `SystemCallError` when it cannot be written.
    package func drop(_ bytes: [UInt8], as name: FileName) throws {
        let inbox = try Directory.create("\(root)/tasks/\(options.worker)")
        try AtomicFile.write(bytes, as: name, in: inbox, replacing: true, durability: .relaxed)
    }

    /// Waits for a task's result.
    ///
    /// - Parameters:
    ///   - id: The task's id.
    ///   - limit: The longest wait.
    /// - Returns: The result.
    /// - Throws: ``WaitFailure`` when none comes, `RecordError` when it is malformed.
    package func result(of id: String, within limit: Duration = Patience.limit) async throws -> ResultRecord {
        try ResultRecord.decode(await file("results/\(options.worker)/\(id).json", within: limit))
    }

    /// Waits for a task to become a dead letter.
    ///
    /// - Parameters:
    ///   - id: The task's id, or the name without `.json` of a file that was none.
    ///   - limit: The longest wait.
    /// - Returns: The dead letter.
    /// - Throws: ``WaitFailure`` when it does not, `RecordError` when the letter is malformed.
    package func deadLetter(of id: String, within limit: Duration = Patience.limit) async throws -> DeadLetterRecord {
        let path = "\(root)/dlq/\(options.worker)"
        let bytes = try await eventually("dead letter of \(id)", in: [path], unlessEnds: daemon, within: limit) {
            guard let letters = try existing(path) else { return [UInt8]?.none }
            var found: FileName?
            try letters.names { name in
                if name.hasPrefix("\(id)_"), name.hasSuffix(".json") { found = name }
                return found == nil
            }
            return try found.flatMap { try letters.read($0, limit: 1 << 24) }
        }
        return try DeadLetterRecord.decode(bytes, for: WorkerID(options.worker))
    }

    /// Waits for a heartbeat of the worker.
    ///
    /// - Parameters:
    ///   - limit: The longest wait.
    ///   - isWanted: Which heartbeat; by default the one that is there.
    /// - Returns: The heartbeat.
    /// - Throws: ``WaitFailure`` when none comes, `RecordError` when it is malformed.
    package func heartbeat(
        within limit: Duration = Patience.limit,
        where isWanted: @escaping @Sendable (HeartbeatRecord) -> Bool = { _ in true }
    ) async throws -> HeartbeatRecord {
        let path = "\(root)/heartbeats"
        let name = FileName("\(options.worker).json")
        return try await eventually("heartbeat", in: [path], within: limit) {
            guard let bytes = try existing(path)?.read(name, limit: 1 << 20) else { return nil }
            let record = try HeartbeatRecord.decode(bytes)
            return isWanted(record) ? record : nil
        }
    }

    /// Waits for a file below the root.
    ///
    /// - Parameters:
    ///   - relativePath: Where, from the root.
    ///   - limit: The longest wait.
    /// - Returns: Its content.
    /// - Throws: ``WaitFailure`` when it does not come.
    package func file(_ relativePath: String, within limit: Duration = Patience.limit) async throws -> [UInt8] {
        let path = "\(root)/\(relativePath)"
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let directory = String(path[..<slash])
        let name = FileName(String(path[path.index(after: slash)...]))
        return try await eventually("file \(relativePath)", in: [directory], within: limit) {
            try existing(directory)?.read(name, limit: 1 << 28)
        }
    }

    /// What ``queueNames(in:)`` finds in a directory below the root.
    ///
    /// - Parameter relativePath: Where, from the root.
    /// - Returns: The names.
    /// - Throws: `SystemCallError` when it cannot be read.
    package func names(in relativePath: String) throws -> [String] {
        try queueNames(in: "\(root)/\(relativePath)")
    }
}

/// The names in a directory of a queue, sorted; none when it is missing.
///
/// - Parameter path: Where.
/// - Returns: The names, hidden ones included; of the place where files are made only what is left in it.
/// - Throws: `SystemCallError` when it cannot be read.
package func queueNames(in path: String) throws -> [String] {
    var found: [String] = []
    try existing(path)?.names { name in
        found.append(name.description)
        return true
    }
    if let index = found.firstIndex(of: ".tmp") {
        found.remove(at: index)
        found += try queueNames(in: path + "/.tmp").map { ".tmp/" + $0 }
    }
    return found.sorted()
}

/// The directory, or nil when there is none.
private func existing(_ path: String) throws -> Directory? {
    do {
        return try Directory.open(path)
    } catch  where error.errno == .noEntry {
        return nil
    }
}
