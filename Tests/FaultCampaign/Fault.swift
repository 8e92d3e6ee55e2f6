// SPDX-License-Identifier: Apache-2.0
// What the preloaded counter does to a daemon.

/// One fault at the n-th file operation of the kinds that it can spoil.
struct Fault: Sendable, Hashable, CustomStringConvertible {
    /// What happens.
    enum Action: String, CaseIterable, Sendable {
        case kill, term, eio, enospc, emfile, eintr, short

        /// What the counter is told to do.
        var word: String {
            switch self {
            case .kill: "kill"
            case .term: "term"
            case .short: "short"
            case .eintr: "4"
            case .eio: "5"
            case .emfile: "24"
            case .enospc: "28"
            }
        }

        /// The operations that this can happen to; the bits are the counter's.
        var kinds: Int {
            let (open, create, read, write, sync, rename) = (1, 2, 4, 8, 16, 32)
            let (unlink, mkdir, link, send) = (64, 128, 256, 512)
            let changes = create | write | sync | rename | unlink | mkdir | link
            return switch self {
            case .kill, .term: changes | send
            case .eio: changes | open | read
            case .eintr: changes | open | read
            case .enospc: create | write | sync | rename | mkdir | link
            case .emfile: open | create
            case .short: write
            }
        }
    }
    var action: Action
    var point: Int

    var description: String { "\(action.rawValue) at \(point)" }
    var setting: String { "\(action.word):\(action.kinds):\(point)" }
}
