// SPDX-License-Identifier: Apache-2.0
// Taking connections, and what happens when there is no room for one.

import Logging
import SystemKit

extension HTTPServer {
    /// How many connections are accepted before other events get their turn.
    private static let acceptBatch = 16
    /// How long accepting pauses when the kernel has nothing left to give.
    private static let pause = Duration.seconds(1)

    /// Accepts the clients that wait.
    func acceptWaiting() {
        for _ in 0..<Self.acceptBatch {
            guard isAccepting, let listener else { return }
            let victim = longestWaiting
            guard connections.count < configuration.maxConnections || victim != nil else {
                // The next connection to close resumes.
                return pauseAccepting()
            }
            do {
                let socket = try listener.accept()
                if connections.count >= configuration.maxConnections, let victim { close(victim) }
                open(socket)
            } catch {
                switch error.errno {
                case .again: return
                case .connectionAborted: continue
                default: return pauseAccepting(for: error)
                }
            }
        }
    }

    /// The connection that has been waiting longest for a request; the first to go when a newcomer needs its place.
    private var longestWaiting: ServerConnection? {
        guard connections.count >= configuration.maxConnections else { return nil }
        var longest: (connection: ServerConnection, since: ContinuousClock.Instant)?
        for connection in connections.values {
            guard let since = connection.machine.waitingSince else { continue }
            if let longest, longest.since <= since { continue }
            longest = (connection, since)
        }
        return longest?.connection
    }

    /// Pauses for a time after a failure that concerns more than one client, so that it does not repeat at once.
    private func pauseAccepting(for error: SystemCallError) {
        let count = error.isExhaustion ? listener?.turnAway() ?? 0 : 0
        pauseAccepting()
        // A connection that closes makes room and ends the pause early; there is one timer and line in the log all the same.
        guard pauseTimer == nil else { return }
        logger.warning("not accepting for a while", metadata: ["error": "\(error)", "turned_away": "\(count)"])
        pauseTimer = reactor.schedule(at: ContinuousClock().now + Self.pause) {
            self.assumeIsolated {
                $0.pauseTimer = nil
                $0.resumeAccepting()
            }
        }
    }

    private func pauseAccepting() {
        guard isAccepting, let listener else { return }
        isAccepting = false
        setInterest([], of: listener)
    }

    /// Accepts again if accepting was paused.
    func resumeAccepting() {
        guard !isAccepting, let listener else { return }
        isAccepting = true
        setInterest(.read, of: listener)
    }

    private func setInterest(_ interest: Interest, of listener: StreamListener) {
        do {
            try reactor.change(listener.descriptor, to: interest)
        } catch {
            logger.error("cannot watch the listening socket", metadata: ["error": "\(error)"])
        }
    }
}
