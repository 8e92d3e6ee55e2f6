// SPDX-License-Identifier: Apache-2.0
// Workers and settings, for the API.

import FileQueue
import HTTPServer
import OrchestratorAPI
import QueueModel
import Settings
import SystemKit

extension QueueOperations {
    func status() throws -> JSONValue { try report().json }

    func workers() throws -> JSONValue {
        let report = try report().json.objectValue ?? [:]
        return [
            "schema_version": .integer(StatusReport.schemaVersion),
            "workers_running": report["workers_running"] ?? .null, "workers": report["workers"] ?? [],
        ]
    }

    func worker(_ worker: WorkerID) throws -> JSONValue {
        let workers = try report().json.objectValue?["workers"]?.arrayValue ?? []
        let own = workers.lazy.compactMap(\.objectValue).first { $0["worker"]?.stringValue == worker.string }
        guard let own else { throw HTTPError.noWorker(worker) }
        let version: (String, JSONValue) = ("schema_version", .integer(StatusReport.schemaVersion))
        return .object(JSONObject([version] + own.members.map { ($0.key, $0.value) }))
    }

    private func report() throws -> StatusReport {
        try StatusSurvey(loaded: settings.loaded, host: SystemInfo.hostName, now: .present()).report()
    }

    func order(_ order: WorkerOrder, of worker: WorkerID) throws -> JSONValue {
        let echo: WorkerEcho
        do { echo = try WorkerEcho(worker, settings.loaded) } catch let failure as CommandFailure {
            throw failure.code == .failed ? HTTPError.noWorker(worker) : failure
        }
        switch order {
        case .pause: try ControlRequests(locations: echo.locations).pause(worker, now: .present())
        case .resume: try ControlRequests(locations: echo.locations).resume(worker)
        case .drain: try echo.send(["command": "drain"])
        case .scale(let slots): try echo.send(["command": "scale", "max_concurrent": .integer(slots)])
        }
        return [
            "schema_version": 1, "worker": .string(worker.string), "order": .string(order.word),
            "message": try echo.absence().map(JSONValue.string) ?? .null,
        ]
    }

    func configuration(of worker: WorkerID?) throws -> JSONValue {
        ConfigurationReport(settings.loaded.rows(for: worker), worker: worker).json
    }
}

extension WorkerOrder {
    fileprivate var word: String {
        switch self {
        case .pause: "pause"
        case .resume: "resume"
        case .drain: "drain"
        case .scale: "scale"
        }
    }
}

extension HTTPError {
    fileprivate static func noWorker(_ worker: WorkerID) -> HTTPError {
        HTTPError(.notFound, code: "no_worker", "there is no worker \(worker)")
    }
}
