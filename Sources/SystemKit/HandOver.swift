// SPDX-License-Identifier: Apache-2.0
// The order between threads, for the thread sanitizer.

import CLinux

/// Marks where one thread hands work to another under a lock that the thread sanitizer does not know.
///
/// `Synchronization.Mutex` waits in the kernel by itself, which the sanitizer does not see, so that everything handed
/// over through it looks like a race. Without the sanitizer this costs a test of a null pointer.
enum HandOver {
    /// What the calling thread did so far is handed over.
    static func release(through object: AnyObject) {
        unsafe cl_handed_over(Unmanaged.passUnretained(object).toOpaque())
    }

    /// What was handed over through the object has happened before.
    static func acquire(through object: AnyObject) {
        unsafe cl_taken_over(Unmanaged.passUnretained(object).toOpaque())
    }
}
