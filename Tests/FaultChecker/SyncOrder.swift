// SPDX-License-Identifier: Apache-2.0
// ORDER: judges the file operations of a daemon in the order in which it made them.

/// Judges the trace of a daemon that ran with full durability and without faults.
///
/// A line is `<number> <kind> <path>[ <new path>]`, as the preloaded counter writes it; a sync's line without a number
/// is written when it has succeeded, all other lines before the operation.
package struct SyncOrder {
    private let root: String
    private var violations: [Violation] = []
    private var unsyncedFiles: Set<String> = []
    /// Directories with names that a power cut may undo, and the ids of the tasks that these names are of.
    private var unsyncedNames: [String: Set<String>] = [:]
    private var published: Set<String> = []
    /// The names, without their endings, of bytes that lie with the dead letters.
    private var setAside: Set<String> = []

    /// Judges a trace.
    /// - Parameters:
    ///   - trace: The lines of one daemon, from its start.
    ///   - root: The root of the queue.
    /// - Returns: Every breach of ORDER.
    package static func violations(in trace: String, root: String) -> [Violation] {
        var order = SyncOrder(root: root)
        for line in trace.split(separator: "\n") where !line.hasPrefix("HIT ") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 3 else { continue }
            order.judge(words)
        }
        return order.violations
    }

    private init(root: String) { self.root = root }

    private mutating func judge(_ words: [String]) {
        let path = words[2]
        switch words[1] {
        case "create", "write": unsyncedFiles.insert(path)
        case "sync": synced(path)
        case "rename" where words.count == 4: renamed(path, words[3])
        case "unlink": unlinked(path)
        default: break
        }
    }

    private mutating func synced(_ path: String) {
        unsyncedFiles.remove(path)
        unsyncedNames[path] = nil
    }

    private mutating func renamed(_ path: String, _ to: String) {
        let name = Self.name(of: to)
        let directory = Self.directory(of: to)
        // The task's file is kept, that of its record serves another one: for the claim they are gone.
        if Self.directory(of: path) == "\(root)/tasks/.claims", name == "task.json" || name.hasPrefix(".spare-") {
            return unlinked(path)
        }
        let isVisible = directory.hasPrefix("\(root)/results/") || directory.hasPrefix("\(root)/dlq/")
        if name.hasSuffix(".raw") { setAside.insert(String(name.dropLast(4))) }
        if isVisible && name.hasSuffix(".json") {
            if unsyncedFiles.contains(path) { report("\(to) was renamed before its bytes were synced") }
            // The reason beside bytes that were set aside is not the end of a claim.
            if setAside.contains(String(name.dropLast(5))) { return }
            let id = directory.hasPrefix("\(root)/dlq/") ? Self.stem(ofLetter: name) : String(name.dropLast(5))
            if directory.hasPrefix("\(root)/results/") { published.insert(id) }
            if unsyncedNames["\(root)/tasks/.claims"]?.contains(id) == true {
                report("\(to) was there before the claim was synced")
            }
            unsyncedNames[directory, default: []].insert(id)
        }
        if directory == "\(root)/tasks/.claims", name.contains("~task@") {
            unsyncedNames[directory, default: []].insert(Self.id(of: name))
        }
        unsyncedFiles.remove(path)
    }

    private mutating func unlinked(_ path: String) {
        let name = Self.name(of: path)
        switch Self.directory(of: path) {
        case "\(root)/tasks/.claims": guard name.contains("~task@") || name.hasSuffix("~state") else { return }
        case "\(root)/tasks/.control": guard name.hasSuffix("~cancel") else { return }
        default: return
        }
        let id = Self.id(of: name)
        if !published.contains(id) { report("\(name) was removed before there was a result") }
        for (directory, ids) in unsyncedNames where directory != "\(root)/tasks/.claims" && ids.contains(id) {
            report("\(name) was removed before \(directory.dropFirst(root.utf8.count + 1)) was synced")
        }
    }

    private mutating func report(_ detail: String) { violations.append(Violation(.order, detail)) }

    private static func id(of name: String) -> String { String(name.prefix { $0 != "~" }) }

    /// The id in a dead letter's name: what is before the last underscore.
    private static func stem(ofLetter name: String) -> String {
        name.lastIndex(of: "_").map { String(name[..<$0]) } ?? name
    }

    private static func name(of path: String) -> String {
        String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...])
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }
}
