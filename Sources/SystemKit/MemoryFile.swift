// SPDX-License-Identifier: Apache-2.0
// Files without a name, in memory.

import CLinux

/// A file in memory, for handing bytes to another process as an open descriptor.
package enum MemoryFile {
    /// Makes a file with a content, positioned at its start: memfd_create(2).
    package static func make(_ bytes: [UInt8]) throws(SystemCallError) -> OwnedDescriptor {
        let file = OwnedDescriptor(adopting: try check(cl_memory_file(), "memfd_create"))
        try file.write(all: bytes)
        try check(cl_rewind(file.rawValue), "lseek")
        return file
    }
}
