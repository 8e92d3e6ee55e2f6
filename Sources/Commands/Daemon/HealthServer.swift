// SPDX-License-Identifier: Apache-2.0
// The page for monitoring: metrics, liveness, readiness.

import HTTPServer
import Logging
import Metrics
import Observability
import Orchestrator
import QueueModel
import ServiceLifecycle
import Settings
import SystemKit
import Worker

/// What a daemon's page tells about.
struct ServedParts: Sendable {
    /// The workers, perhaps none.
    let crew: WorkerCrew
    /// The orchestrator, if there is one in this process.
    let orchestrator: Orchestrator?
}

/// Serves `/metrics`, `/healthz` and `/readyz` on loopback.
///
/// That its port is taken keeps no task from running: it is said aloud, and the workers go on.
struct HealthServer: Service {
    private let server: HTTPServer
    private let logger: Logger
    private let port: Int

    /// Makes the server; it listens once it runs.
    init(
        settings: VigilSettings,
        served: ServedParts,
        registry: PrometheusRegistry,
        reactor: Reactor,
        logger: Logger
    ) {
        self.logger = logger
        port = settings.metricsPort
        server = HTTPServer(
            configuration: HTTPServerConfiguration(
                // In range, as the settings have been checked.
                address: .loopback(UInt16(clamping: settings.metricsPort))
            ),
            router: HealthServer.router(served, registry),
            reactor: reactor,
            logger: logger
        )
    }

    /// Serves until the group shuts down.
    func run() async throws {
        do {
            try await server.run()
        } catch let error as SystemCallError {
            logger.error(
                "metrics and health are not served; set METRICS_PORT to a free port, or to 0",
                metadata: ["port": "\(port)", "error": "\(error)"]
            )
            try await gracefulShutdown()
        }
    }

    private static func router(_ served: ServedParts, _ registry: PrometheusRegistry) -> Router {
        let process = ProcessMetrics()
        // Set once; the labels say what runs.
        Meter(label: "watcher_build_info", dimensions: [("version", Version.current)], factory: registry).set(1)
        var router = Router()
        router.get("/metrics") { _, _ in
            for (_, worker) in served.crew.workers { await worker.refreshMetrics() }
            await served.orchestrator?.refreshMetrics()
            var page: [UInt8] = []
            registry.emit(into: &page)
            process.emit(into: &page)
            return HTTPResponse(contentType: PrometheusText.contentType, body: page)
        }
        router.get("/healthz") { _, _ in HTTPResponse(text: "ok\n") }
        router.get("/readyz") { _, _ in await readiness(of: served) }
        return router
    }

    private static func readiness(of served: ServedParts) async -> HTTPResponse {
        var workers: JSONObject = [:]
        var isReady = served.crew.isReady
        for (name, worker) in served.crew.workers {
            let heartbeat = await worker.heartbeat()
            isReady = isReady && heartbeat.status == .healthy
            var problems: JSONObject = [:]
            for (problem, message) in heartbeat.problems { problems[problem] = .string(message) }
            workers[name.string] = .object([
                "status": .string(heartbeat.status.rawValue), "problems": .object(problems),
            ])
        }
        var body: JSONObject = ["ready": .bool(isReady), "workers": .object(workers)]
        if let orchestrator = served.orchestrator {
            let condition = await orchestrator.condition()
            isReady = isReady && condition.isReady
            var problems: JSONObject = [:]
            for (problem, message) in condition.problems { problems[problem] = .string(message) }
            body["ready"] = .bool(isReady)
            body["orchestrator"] = .object(["ready": .bool(condition.isReady), "problems": .object(problems)])
        }
        return HTTPResponse(
            status: isReady ? .ok : .serviceUnavailable,
            contentType: "application/json",
            body: JSONWriter.bytes(.object(body)) + [UInt8(ascii: "\n")]
        )
    }
}
