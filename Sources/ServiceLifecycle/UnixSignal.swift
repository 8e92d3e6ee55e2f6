// SPDX-License-Identifier: Apache-2.0
// The signals a service group can listen to.

/// A signal by number, see signal(7).
public struct UnixSignal: Hashable, Sendable, CustomStringConvertible {
    /// The signal's number on this platform.
    public let rawValue: Int32
    /// The signal's name.
    public let description: String

    /// SIGHUP: the terminal went away, or configuration should be read again.
    public static let sighup = UnixSignal(rawValue: 1, description: "SIGHUP")
    /// SIGINT: Control-C.
    public static let sigint = UnixSignal(rawValue: 2, description: "SIGINT")
    /// SIGQUIT: Control-\.
    public static let sigquit = UnixSignal(rawValue: 3, description: "SIGQUIT")
    /// SIGUSR1: what the program makes of it.
    public static let sigusr1 = UnixSignal(rawValue: 10, description: "SIGUSR1")
    /// SIGUSR2: what the program makes of it.
    public static let sigusr2 = UnixSignal(rawValue: 12, description: "SIGUSR2")
    /// SIGALRM: a timer of alarm(2).
    public static let sigalrm = UnixSignal(rawValue: 14, description: "SIGALRM")
    /// SIGTERM: the usual request to end.
    public static let sigterm = UnixSignal(rawValue: 15, description: "SIGTERM")
    /// SIGCONT: continued after a stop.
    public static let sigcont = UnixSignal(rawValue: 18, description: "SIGCONT")
    /// SIGWINCH: the terminal's size changed.
    public static let sigwinch = UnixSignal(rawValue: 28, description: "SIGWINCH")
}
