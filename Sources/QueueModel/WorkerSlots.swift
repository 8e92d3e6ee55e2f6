// SPDX-License-Identifier: Apache-2.0
// How many tasks a worker may run at once.

/// The slots of a worker, each of which runs one attempt at a time.
package enum WorkerSlots {
    /// How many a worker can have.
    package static let range = 1...256
}
