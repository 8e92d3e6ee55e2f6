// SPDX-License-Identifier: Apache-2.0
// What the API can have done, by the same means as the commands.

import FileQueue
import HTTPServer
import OrchestratorAPI
import QueueModel
import Settings
import Synchronization
import SystemKit

/// Settings that may be loaded anew while others use them.
final class CurrentSettings: Sendable {
    private let state: Mutex<LoadedSettings>

    /// Holds settings.
    init(_ loaded: LoadedSettings) { state = Mutex(loaded) }

    /// The settings in effect.
    var loaded: LoadedSettings {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// Does what the API is asked for: looks at the queue's files and writes requests, as the commands do.
struct QueueOperations: APIOperations {
    /// The settings in effect.
    let settings: CurrentSettings

    /// One look at the queue.
    func survey() throws -> WaitSurvey {
        let loaded = settings.loaded
        return WaitSurvey(try QueueView.existing(QueueLocations(loaded.settings)), loaded)
    }

    /// The queue's directories.
    var locations: QueueLocations { QueueLocations(settings.loaded.settings) }
}

// MARK: - Errors

extension QueueOperations {
    /// The answer to an error of what commands do.
    /// - Parameter error: The error.
    /// - Returns: Nil for an error that says nothing to a client.
    @Sendable static func answer(to error: any Error) -> HTTPError? {
        switch error {
        case let error as TaskRejection:
            HTTPError(.unprocessableContent, code: error.reason.rawValue, error.message)
        case let error as SubmissionError:
            HTTPError(error.code == .io ? .serviceUnavailable : .conflict, code: error.code.rawValue, error.description)
        case let error as CommandFailure: answer(to: error)
        default: nil
        }
    }

    private static func answer(to failure: CommandFailure) -> HTTPError? {
        switch failure.code {
        case .badData: HTTPError(.unprocessableContent, code: "invalid", failure.description)
        case .failed: HTTPError(.conflict, code: "refused", failure.description)
        case .noDaemon: HTTPError(.conflict, code: "no_daemon", failure.description)
        case .unavailable: HTTPError(.serviceUnavailable, code: "unavailable", failure.description)
        default: nil
        }
    }
}

extension HTTPError {
    /// Nothing on disk knows a task.
    static func noTask(_ id: TaskID) -> HTTPError {
        HTTPError(.notFound, code: "no_task", "there is no task \(id)")
    }
}
