// SPDX-License-Identifier: Apache-2.0
// A file that cannot be opened for a while.

import Glibc
package import SystemKit

extension Directory {
    /// Takes a lease for writing on a file, see fcntl(2): whoever opens the file without waiting is refused with
    /// ``Errno/again``, in this process and in others.
    /// - Parameter name: A file that nobody has open.
    /// - Returns: What holds the lease until it is closed, or for as long as `/proc/sys/fs/lease-break-time` says.
    /// - Throws: `SystemCallError` when the file cannot be opened, or there is no lease to be had.
    package func leasedFile(_ name: FileName) throws -> OwnedDescriptor {
        let (setLease, setSignal): (Int32, Int32) = (1_024, 10)
        let holder = try openFile(name)
        // The kernel sends its holder a signal when somebody tries; this one is ignored by default.
        guard fcntl(holder.rawValue, setSignal, SIGURG) == 0, fcntl(holder.rawValue, setLease, F_WRLCK) == 0 else {
            throw SystemCallError(call: "fcntl", errno: Errno(rawValue: errno), path: pathOf(name))
        }
        return holder
    }
}
