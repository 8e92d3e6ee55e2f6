// SPDX-License-Identifier: Apache-2.0
// Signals as events of the reactor.

import CLinux
import Synchronization

/// Receives signals on a reactor, by signalfd(2), so that no code runs in a signal handler.
package final class SignalSource: Sendable {
    private let reactor: Reactor
    private let descriptor: OwnedDescriptor

    /// Keeps signals from being handled the usual way in the calling thread and all that it starts afterwards.
    ///
    /// Call it first thing in `main`: a signal goes to any thread that does not block it.
    package static func block(_ signals: [Int32]) {
        _ = unsafe cl_signals_block(signals, signals.count)
    }

    /// Makes writing to a pipe or socket without a reader fail with ``Errno/brokenPipe`` instead of ending the process.
    package static func ignorePipe() {
        // SIGPIPE is 13 on every Linux.
        _ = cl_signal_ignore(13)
    }

    /// Makes writing beyond the limit of a file's size fail with ``Errno/fileTooLarge`` instead of ending the process.
    package static func ignoreFileSizeLimit() {
        // SIGXFSZ is 25 wherever Linux runs Swift.
        _ = cl_signal_ignore(25)
    }

    /// Whether this process was started with a signal ignored, as shells do it for what runs in the background.
    package static func isIgnored(_ signal: Int32) -> Bool { cl_signal_is_ignored(signal) == 1 }

    /// Starts receiving signals, which must be blocked by then.
    ///
    /// Loop thread only. Signals of one number that come while one of it is waiting are one signal, see signal(7).
    /// - Parameters:
    ///   - signals: Their numbers.
    ///   - reactor: Where the handler runs.
    ///   - handler: Called with each signal's number.
    /// - Throws: What signalfd(2) reports.
    package init(
        signals: [Int32],
        reactor: Reactor,
        handler: @escaping @Sendable (Int32) -> Void
    ) throws(SystemCallError) {
        let opened = unsafe cl_signals_open(signals, signals.count)
        let descriptor = OwnedDescriptor(adopting: try check(opened, "signalfd"))
        let number = descriptor.rawValue
        try reactor.watch(number, for: .read) { _ in
            // One for each call: the handler may stop the source, and what is left makes the descriptor ready again.
            let signal = cl_signals_next(number)
            if signal > 0 { handler(signal) }
        }
        self.reactor = reactor
        self.descriptor = descriptor
    }

    /// Ends the handler's calls; the signals stay blocked.
    ///
    /// Loop thread only, before the source goes away.
    package func stop() {
        reactor.unwatch(descriptor.rawValue)
    }
}

/// Sends a signal to the calling thread alone: pthread_kill(3).
package func raiseSignalInThread(_ signal: Int32) {
    _ = cl_signal_raise_in_thread(signal)
}
