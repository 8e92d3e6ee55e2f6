// SPDX-License-Identifier: Apache-2.0
// Finds the processes that belong to one scratch directory, to prove that none is left or to end them.

import Glibc
import SystemKit

/// The processes that work for one root directory, however they detached themselves.
///
/// A process belongs to the root when its environment says `VIGIL_ROOT=<root>`, or when its working directory or an
/// open file lies in it. The process that asks is not counted.
package struct ScratchProcesses: Sendable {
    private let root: String

    /// Looks for the processes of a root.
    ///
    /// - Parameter root: The root's absolute path, without links.
    package init(root: String) {
        self.root = root
    }

    /// The process numbers at this moment.
    ///
    /// - Throws: `SystemCallError` when there is no `/proc`.
    package func numbers() throws -> [Int32] {
        var found: [Int32] = []
        try Directory.open("/proc").names { name in
            if let pid = Int32(name.description), pid != getpid(), belongs(pid) { found.append(pid) }
            return true
        }
        return found
    }

    /// Waits until no process is left.
    ///
    /// - Parameter limit: The longest wait.
    /// - Throws: ``WaitFailure`` that names the processes left after that.
    package func waitForNone(within limit: Duration = Patience.limit) async throws {
        try await blocking {
            let deadline = ContinuousClock.now + limit
            while true {
                let left = try numbers()
                guard let first = left.first else { return }
                // A process that is gone by now is looked for again.
                guard let handle = try? pidfdOpen(first) else { continue }
                guard try waitForInput(on: [handle.rawValue], until: deadline) else {
                    throw WaitFailure("still running after \(limit): \(left.map(describe).joined(separator: ", "))")
                }
            }
        }
    }

    /// Kills every process of the root, also what is started meanwhile, and waits for their end.
    ///
    /// - Throws: ``WaitFailure`` when one survives.
    package func killAll() async throws {
        try await blocking {
            let deadline = ContinuousClock.now + Patience.limit
            while true {
                let left = try numbers()
                guard !left.isEmpty else { return }
                for pid in left {
                    // Opened first and looked at again: the number may by now be another process's.
                    guard let handle = try? pidfdOpen(pid), belongs(pid) else { continue }
                    // It fails when the process has ended.
                    try? sendSignal(SIGKILL, toProcess: handle)
                    guard try waitForInput(on: [handle.rawValue], until: deadline) else {
                        throw WaitFailure("not to be killed: \(describe(pid))")
                    }
                }
            }
        }
    }

    private func describe(_ pid: Int32) -> String {
        let words = contents("/proc/\(pid)", "cmdline").split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return "\(pid) \(words.joined(separator: " "))"
    }

    private func belongs(_ pid: Int32) -> Bool {
        let process = "/proc/\(pid)"
        let marker = Array("VIGIL_ROOT=\(root)".utf8)
        if contents(process, "environ").split(separator: 0).contains(where: { $0.elementsEqual(marker) }) {
            return true
        }
        if lies(in: root, target(of: "\(process)/cwd")) { return true }
        var isUser = false
        // A process that ends meanwhile, or that we may not look into, does not belong.
        try? Directory.open("\(process)/fd").names { name in
            isUser = lies(in: root, target(of: "\(process)/fd/\(name)"))
            return !isUser
        }
        return isUser
    }

    private func contents(_ directory: String, _ name: FileName) -> [UInt8] {
        // A process that ends meanwhile, or that we may not look into, has nothing to say.
        (try? Directory.open(directory).read(name, limit: 1 << 22)) ?? []
    }

    private func lies(in root: String, _ path: String) -> Bool {
        path == root || path.hasPrefix(root + "/")
    }

    private func target(of link: String) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink(link, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
