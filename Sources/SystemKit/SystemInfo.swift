// SPDX-License-Identifier: Apache-2.0
// Facts about this machine and process, read from the kernel when asked.

import CLinux

/// What the kernel knows about this machine and this process.
///
/// Numbers that cannot be read (no /proc) are 0: they are for people and metrics, and no decision hangs on them.
package enum SystemInfo {
    /// This process's number, as its own pid namespace sees it.
    package static var processID: Int32 { cl_process_id() }

    /// The user whose rights this process has, geteuid(2).
    package static let effectiveUserID: UInt32 = cl_effective_user_id()

    /// The kernel's number of the calling thread.
    package static var threadID: Int32 { cl_thread_id() }

    /// The machine's name: gethostname(2).
    package static var hostName: String {
        // HOST_NAME_MAX is 64.
        unsafe readCString(capacity: 256) { unsafe Int(cl_host_name($0, $1)) } ?? "localhost"
    }

    /// Bytes of memory that this process holds in RAM.
    package static func residentBytes() -> Int64 {
        let fields = readText("/proc/self/statm").split(separator: " ")
        guard fields.count > 1, let pages = Int64(fields[1]) else { return 0 }
        return pages * Int64(cl_page_size())
    }

    /// Processor time that all threads of this process have used, in seconds.
    package static func cpuSeconds() -> Double {
        Double(cl_clock_cpu_nanoseconds()) / 1e9
    }

    /// How many descriptors this process has open.
    package static func openDescriptors() -> Int {
        var count = 0
        // Without /proc the count is not known; it serves a metric only.
        try? Directory.open("/proc/self/fd").names { _ in
            count += 1
            return true
        }
        // The open directory and the scan's own descriptor are among them.
        return max(0, count - 2)
    }

    /// How many descriptors this process may have open: the soft `RLIMIT_NOFILE`.
    package static func maxDescriptors() -> Int {
        max(0, cl_descriptor_limit())
    }

    /// The kernel's random name of the time since it started; the same number of a process means the same only within.
    package static let bootID = String(readText("/proc/sys/kernel/random/boot_id").prefix { $0 != "\n" })

    /// The file this process runs, also when it was started by a relative name.
    package static var executablePath: String? {
        unsafe readCString(capacity: 4097) { address, size in
            // readlink(2) does not terminate what it writes.
            unsafe cl_link_target("/proc/self/exe", address, size - 1)
        }
    }

    /// The directory that relative paths are seen from, an absolute path; `/` when it was removed meanwhile.
    package static var currentDirectory: String {
        let path = unsafe readCString(capacity: 4097) { address, size in
            unsafe cl_link_target("/proc/self/cwd", address, size - 1)
        }
        guard let path, path.hasPrefix("/"), !path.hasSuffix(" (deleted)") else { return "/" }
        return path
    }

    /// The environment at the time of the call; of a variable that is there twice, the first counts as for getenv(3).
    package static var environment: [String: String] {
        var variables: [String: String] = [:]
        guard var entry = unsafe cl_environment() else { return variables }
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text)
            let name = pair.prefix { $0 != "=" }
            if pair.utf8.count > name.utf8.count, variables[String(name)] == nil {
                variables[String(name)] = String(pair.dropFirst(name.count + 1))
            }
            unsafe entry += 1
        }
        return variables
    }

    /// The name of the file system at a path, for example `ext4`; its magic number in hexadecimal when not known here.
    package static func fileSystemKind(of path: String) throws(SystemCallError) -> String {
        var magic: UInt64 = 0
        try check(unsafe cl_file_system_magic(try cPath(path, "statfs"), &magic), "statfs", path)
        return fileSystemNames[magic] ?? "0x" + String(magic, radix: 16)
    }

    /// The numbers of statfs(2).
    private static let fileSystemNames: [UInt64: String] = [
        0xEF53: "ext4", 0x5846_5342: "xfs", 0x9123_683E: "btrfs", 0x0102_1994: "tmpfs", 0x794C_7630: "overlay",
        0x6969: "nfs", 0x6573_5546: "fuse", 0xF2F5_2010: "f2fs", 0x2FC1_2FC1: "zfs", 0xCA45_1A4E: "bcachefs",
        0xFF53_4D42: "cifs", 0xFE53_4D42: "smb2", 0x0102_1997: "9p", 0x00C3_6400: "ceph", 0x8584_58F6: "ramfs",
        0x4D44: "vfat", 0x2011_BAB0: "exfat", 0x5346_544E: "ntfs", 0x7366_746E: "ntfs3",
    ]

    /// Whether a descriptor is a terminal.
    package static func isTerminal(_ descriptor: Int32) -> Bool {
        cl_is_terminal(descriptor) == 1
    }

    /// The width of a terminal in columns, or nil when the descriptor is none or does not say.
    package static func terminalWidth(_ descriptor: Int32) -> Int? {
        let columns = cl_terminal_columns(descriptor)
        return columns > 0 ? Int(columns) : nil
    }
}

// MARK: - Reading

/// Reads a small file of /proc or /sys as text; empty when it cannot be read.
func readText(_ path: String) -> String {
    let descriptor = unsafe cl_path_open(path)
    guard descriptor >= 0 else { return "" }
    let file = OwnedDescriptor(adopting: descriptor)
    // A process may end while its file is read; that is the same as a missing file.
    guard let bytes = try? file.readAll(limit: 65536) else { return "" }
    return String(decoding: bytes, as: UTF8.self)
}

private func readCString(capacity: Int, _ fill: (UnsafeMutablePointer<CChar>, Int) -> Int) -> String? {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
        unsafe buffer.initialize(repeating: 0)
        guard let address = buffer.baseAddress, unsafe fill(address, capacity) >= 0 else { return nil }
        return unsafe String(cString: address)
    }
}
