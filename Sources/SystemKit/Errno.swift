// SPDX-License-Identifier: Apache-2.0
// The error numbers of system calls, and the error that every wrapper in this module throws.

import CLinux

/// The number a failed system call leaves behind, see errno(3).
package struct Errno: RawRepresentable, Error, Hashable, Sendable, CustomStringConvertible {
    /// The number as the kernel gave it.
    package let rawValue: Int32

    /// Wraps a number.
    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The sentence that strerror(3) has for the number, in English whatever the locale.
    package var description: String {
        guard let text = unsafe cl_error_text(rawValue) else { return "Unknown error \(rawValue)" }
        return unsafe String(cString: text)
    }
}

extension Errno {
    /// EPERM: only the owner or root may do this.
    package static let notPermitted = Errno(rawValue: 1)
    /// ENOENT: no such file or directory.
    package static let noEntry = Errno(rawValue: 2)
    /// ESRCH: no such process.
    package static let noProcess = Errno(rawValue: 3)
    /// EINTR: a signal came in between.
    package static let interrupted = Errno(rawValue: 4)
    /// EIO: the device failed.
    package static let io = Errno(rawValue: 5)
    /// `ENXIO`: as when a socket is opened like a file.
    package static let noDeviceOrAddress = Errno(rawValue: 6)
    /// `E2BIG`.
    package static let argumentListTooLong = Errno(rawValue: 7)
    /// EBADF: not an open descriptor, or not open for this.
    package static let badDescriptor = Errno(rawValue: 9)
    /// ECHILD: no such child, or already waited for.
    package static let noChild = Errno(rawValue: 10)
    /// EAGAIN, also EWOULDBLOCK: not now.
    package static let again = Errno(rawValue: 11)
    /// ENOMEM: out of memory.
    package static let noMemory = Errno(rawValue: 12)
    /// EACCES: the permission bits forbid it.
    package static let access = Errno(rawValue: 13)
    /// EBUSY: in use.
    package static let busy = Errno(rawValue: 16)
    /// EEXIST: the name is taken.
    package static let exists = Errno(rawValue: 17)
    /// EXDEV: the two names are on different file systems.
    package static let crossDevice = Errno(rawValue: 18)
    /// `ENODEV`.
    package static let noDevice = Errno(rawValue: 19)
    /// ENOTDIR: not a directory.
    package static let notDirectory = Errno(rawValue: 20)
    /// EISDIR: is a directory.
    package static let isDirectory = Errno(rawValue: 21)
    /// EINVAL: the argument makes no sense here.
    package static let invalidArgument = Errno(rawValue: 22)
    /// EMFILE: this process has no descriptor left.
    package static let tooManyOpenFiles = Errno(rawValue: 24)
    /// EFBIG: the file is larger than allowed.
    package static let fileTooLarge = Errno(rawValue: 27)
    /// ENOSPC: no space left on the device.
    package static let noSpace = Errno(rawValue: 28)
    /// EROFS: the file system is read-only.
    package static let readOnlyFileSystem = Errno(rawValue: 30)
    /// EPIPE: nobody reads the other end.
    package static let brokenPipe = Errno(rawValue: 32)
    /// ENAMETOOLONG: the name or path is too long.
    package static let nameTooLong = Errno(rawValue: 36)
    /// ENOTEMPTY: the directory is not empty.
    package static let notEmpty = Errno(rawValue: 39)
    /// ELOOP: a symbolic link where none is followed.
    package static let loop = Errno(rawValue: 40)
    /// EMSGSIZE: the packet is larger than allowed.
    package static let messageTooLong = Errno(rawValue: 90)
    /// EOPNOTSUPP: not supported here.
    package static let notSupported = Errno(rawValue: 95)
    /// EADDRINUSE: the address is taken.
    package static let addressInUse = Errno(rawValue: 98)
    /// ECONNRESET: the peer closed the connection.
    package static let connectionReset = Errno(rawValue: 104)
    /// ENOBUFS: no buffer space left.
    package static let noBufferSpace = Errno(rawValue: 105)
}

/// A system call that failed: which, on what, and why.
package struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call's name as in its man page.
    package let call: String
    /// Why it failed.
    package let errno: Errno
    /// The file it was about, for people; bytes that are not UTF-8 show as U+FFFD.
    package let path: String?

    /// Describes a failed call.
    package init(call: String, errno: Errno, path: String? = nil) {
        self.call = call
        self.errno = errno
        self.path = path
    }

    /// For example `rename /a/b: No space left on device`.
    package var description: String {
        guard let path else { return "\(call): \(errno)" }
        return "\(call) \(path): \(errno)"
    }
}

/// Turns a result of CLinux, which is a value or a negated errno, into the value or an error.
@inline(__always)
@discardableResult
func check<Value: SignedInteger & FixedWidthInteger>(
    _ result: Value,
    _ call: StaticString,
    _ path: @autoclosure () -> String? = nil
) throws(SystemCallError) -> Value {
    if result >= 0 { return result }
    throw SystemCallError(call: call.description, errno: Errno(rawValue: Int32(clamping: 0 - result)), path: path())
}
