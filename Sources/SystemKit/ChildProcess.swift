// SPDX-License-Identifier: Apache-2.0
// Starting a program, and waiting for its end.

import CLinux

/// Starts a program that outlives this one: clone(2) and execve(2).
///
/// The program has exactly the given descriptors, default signal dispositions, and no blocked signals. It stays in this
/// process's session and working directory and is not told when this process ends. It is a child until ``reap(_:nohang:)``
/// has returned its status; its number cannot be given to another process before.
/// - Parameters:
///   - path: The program's file; `PATH` is not searched.
///   - arguments: All arguments, the program's name first.
///   - environment: `NAME=value` each; nothing is added.
///   - descriptors: What becomes descriptor 0, 1, 2, and so on, up to 16; they stay open here.
/// - Returns: The process number.
/// - Throws: What execve(2) reports for the program, or clone(2); no process is left then. A zero byte in a string gives
///   ``Errno/invalidArgument``.
package func spawnDetached(
    path: String,
    arguments: [String],
    environment: [String],
    descriptors: [Int32]
) throws(SystemCallError) -> Int32 {
    let path = try cPath(path, "execve")
    for text in arguments + environment where text.utf8.contains(0) {
        throw SystemCallError(call: "execve", errno: .invalidArgument, path: text)
    }
    let result = unsafe withCStrings(arguments) { arguments in
        unsafe withCStrings(environment) { environment in
            unsafe cl_spawn(path, arguments, environment, descriptors, Int32(clamping: descriptors.count))
        }
    }
    return try check(result, "execve", String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
}

/// How a process ended.
package enum ExitStatus: Hashable, Sendable {
    /// By exit(3), with the low eight bits of its argument.
    case exited(Int32)
    /// By a signal of this number.
    case signaled(Int32)
}

/// Waits for a child of this process, and lets its number go: waitpid(2).
/// - Parameters:
///   - pid: The child's number.
///   - nohang: Whether to return at once when the child still runs; otherwise this blocks.
/// - Returns: How it ended, or nil when it still runs.
/// - Throws: ``Errno/noChild`` when it is no child, or was waited for before.
package func reap(_ pid: Int32, nohang: Bool) throws(SystemCallError) -> ExitStatus? {
    var kind: Int32 = 0
    var value: Int32 = 0
    guard try check(unsafe cl_reap(pid, nohang ? 1 : 0, &kind, &value), "waitpid") != 0 else { return nil }
    return Int(kind) == CL_SIGNALED ? .signaled(value) : .exited(value)
}

/// Opens a descriptor that stands for a process: readable once it has ended, and never for another one: pidfd_open(2).
/// - Throws: ``Errno/noProcess`` when there is none of that number.
package func pidfdOpen(_ pid: Int32) throws(SystemCallError) -> OwnedDescriptor {
    OwnedDescriptor(adopting: try check(cl_pidfd_open(pid), "pidfd_open"))
}

/// Sends a signal to the process that a descriptor of ``pidfdOpen(_:)`` stands for: pidfd_send_signal(2).
/// - Throws: ``Errno/noProcess`` when it has ended and was waited for.
package func sendSignal(_ signal: Int32, toProcess pidfd: borrowing OwnedDescriptor) throws(SystemCallError) {
    try check(cl_pidfd_signal(pidfd.rawValue, signal), "pidfd_send_signal")
}

/// Calls with a null-terminated array of C strings, all in one block of memory.
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var bytes: [CChar] = []
    for string in strings { bytes += string.utf8.map { CChar(bitPattern: $0) } + [0] }
    return unsafe bytes.withUnsafeMutableBufferPointer { block in
        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe []
        var offset = 0
        for string in strings {
            unsafe pointers.append(unsafe block.baseAddress.map { unsafe $0 + offset })
            offset += string.utf8.count + 1
        }
        unsafe pointers.append(nil)
        return unsafe pointers.withUnsafeBufferPointer { buffer in
            // Never taken: the array has at least its terminator.
            guard let address = buffer.baseAddress else { preconditionFailure("no room for the terminator") }
            return unsafe body(address)
        }
    }
}
