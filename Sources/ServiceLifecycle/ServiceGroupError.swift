// SPDX-License-Identifier: Apache-2.0
// Why a service group ended other than by being told to.

/// An error of the group itself; a service's own error is thrown as it is.
public struct ServiceGroupError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: String, Sendable {
        /// `run()` was called while the group runs.
        case alreadyRunning = "already_running"
        /// `run()` was called on a group that has run.
        case alreadyFinished = "already_finished"
        /// A service returned though nobody had asked it to.
        case serviceFinishedUnexpectedly = "service_finished_unexpectedly"
    }

    /// What went wrong.
    public let errorCode: Code
    /// The service's type, for the code that is about one.
    public let service: String?

    init(_ code: Code, service: String? = nil) {
        errorCode = code
        self.service = service
    }

    /// One sentence for people.
    public var description: String {
        switch errorCode {
        case .alreadyRunning: "the service group is running already"
        case .alreadyFinished: "the service group has finished and cannot run again"
        case .serviceFinishedUnexpectedly: "\(service ?? "a service") finished though it was not asked to"
        }
    }
}
