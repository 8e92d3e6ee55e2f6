// SPDX-License-Identifier: Apache-2.0
// What a service group runs.

/// A part of a program that runs until it is told to stop.
public protocol Service: Sendable {
    /// Does the service's work.
    ///
    /// Returns after a graceful shutdown was asked for (see ``withGracefulShutdownHandler(operation:onGracefulShutdown:)``
    /// and ``cancelWhenGracefulShutdown(_:)``), or soon after the task was cancelled. Returning before, or throwing at any
    /// time, ends the whole group unless it is configured otherwise.
    func run() async throws
}
