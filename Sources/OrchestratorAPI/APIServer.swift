// SPDX-License-Identifier: Apache-2.0
// The API as a service: a listener, the checks around all routes, and the routes.

package import HTTPServer
package import Logging
import ServiceLifecycle
package import SystemKit

/// How the API is served.
package struct APIServerConfiguration: Sendable {
    /// Where it listens.
    package var address: HTTPServerAddress
    /// The root, where the file of tokens is.
    package var root: String
    /// The most bytes of a request's body.
    package var bodyBytes: Int
    /// The certificate; nil without TLS.
    package var tls: TLSStore?

    /// Describes how the API is served.
    /// - Parameters:
    ///   - address: Where it listens.
    ///   - root: The root, where the file of tokens is.
    ///   - bodyBytes: The most bytes of a request's body.
    ///   - tls: The certificate; nil without TLS.
    package init(address: HTTPServerAddress, root: String, bodyBytes: Int, tls: TLSStore? = nil) {
        self.address = address
        self.root = root
        self.bodyBytes = bodyBytes
        self.tls = tls
    }

    /// Whether the kernel lets only the queue's user connect, so that no token is needed.
    var isPrivate: Bool {
        if case .unix = address { return true }
        return false
    }
}

/// What the API runs on.
package struct APIEnvironment: Sendable {
    let reactor: Reactor
    let logger: Logger
    let bell: ChangeBell
    let tokenBell: ChangeBell
    let watcher: DirectoryWatcher?
    let makeSecret: @Sendable () -> String
    let convert: @Sendable (any Error) -> HTTPError?

    /// Names what the API runs on.
    /// - Parameters:
    ///   - reactor: The loop, with threads for blocking work.
    ///   - logger: Takes changes, refusals and what goes wrong.
    ///   - bell: Rings when there may be new events.
    ///   - tokenBell: Rings when the tokens may have changed.
    ///   - watcher: Tells of new output; nil where the kernel tells nothing, and streams look from time to time.
    ///   - makeSecret: Makes a text that nobody can guess.
    ///   - convert: Gives the answers to errors of the operations; nil for those it does not know.
    package init(
        reactor: Reactor,
        logger: Logger,
        bell: ChangeBell,
        tokenBell: ChangeBell,
        watcher: DirectoryWatcher?,
        makeSecret: @escaping @Sendable () -> String,
        convert: @escaping @Sendable (any Error) -> HTTPError?
    ) {
        self.reactor = reactor
        self.logger = logger
        self.bell = bell
        self.tokenBell = tokenBell
        self.watcher = watcher
        self.makeSecret = makeSecret
        self.convert = convert
    }
}

/// Serves the API.
///
/// That its port is taken keeps no task from running: it is said aloud, and all else goes on.
package struct APIServer: Service {
    private let server: HTTPServer
    private let address: HTTPServerAddress
    private let logger: Logger

    /// Makes the server; it listens once it runs.
    /// - Parameters:
    ///   - configuration: How it is served.
    ///   - operations: What it can have done.
    ///   - environment: What it runs on.
    package init(
        configuration: APIServerConfiguration,
        operations: any APIOperations,
        environment: APIEnvironment
    ) {
        let (reactor, logger) = (environment.reactor, environment.logger)
        self.logger = logger
        address = configuration.address
        let lane = BlockingLane(reactor: reactor)
        let origin = OriginCheck(isSecure: configuration.tls != nil)
        let desk = APIDesk(
            operations: operations,
            lane: lane,
            tail: EventTail(operations: operations, lane: lane, bell: environment.bell),
            watcher: environment.watcher,
            gatekeeper: Gatekeeper(
                root: configuration.isPrivate ? nil : configuration.root,
                lane: lane,
                origin: origin,
                news: environment.tokenBell,
                hearsOfTokens: environment.watcher != nil,
                makeSecret: environment.makeSecret
            )
        )
        server = HTTPServer(
            configuration: HTTPServerConfiguration(
                address: configuration.address,
                sizes: HTTPSizeLimits(bodyBytes: configuration.bodyBytes),
                maxConnections: StreamPlaces.usual + 80,
                tls: configuration.tls
            ),
            router: desk.router(origin, convert: environment.convert),
            reactor: reactor,
            logger: logger,
            onBound: { logger.notice("API ready", metadata: ["address": "\($0)"]) }
        )
    }

    /// Serves until the group shuts down.
    /// - Throws: When the group is cancelled.
    package func run() async throws {
        do {
            try await server.run()
        } catch let error as SystemCallError {
            logger.error(
                "the API is not served; set API_PORT to a free port, or to 0",
                metadata: ["address": "\(address)", "error": "\(error)"]
            )
            try await gracefulShutdown()
        }
    }
}

/// Puts the checks around the routes.
struct APIDesk: Sendable {
    let operations: any APIOperations
    let lane: BlockingLane
    let tail: EventTail
    let watcher: DirectoryWatcher?
    let gatekeeper: Gatekeeper
    let places = StreamPlaces()

    /// Keeps the time.
    var reactor: Reactor { gatekeeper.news.reactor }

    func router(_ origin: OriginCheck, convert: @escaping @Sendable (any Error) -> HTTPError?) -> Router {
        var router = Router(middleware: [SecurityHeaders(), ProblemMiddleware(convert: convert), origin])
        Dashboard.add(to: &router)
        router.group(APIRoute.prefix) { router in
            for route in APIRoute.all {
                router.on(route.method, route.path) { request, context in
                    try await handle(request, context, route)
                }
            }
        }
        return router
    }

    private func handle(
        _ request: HTTPRequest,
        _ context: RequestContext,
        _ route: APIRoute
    ) async throws -> HTTPResponse {
        let caller = try await gatekeeper.admit(request, for: route.scope, context)
        let call = APICall(
            route: route,
            request: request,
            context: context,
            caller: caller,
            desk: self
        )
        guard route.method != .get else { return try await route.handler(call) }
        do {
            let response = try await route.handler(call)
            note(request, context, by: caller, "\(response.status.code)")
            return response
        } catch {
            note(request, context, by: caller, (error as? HTTPError).map { "\($0.status.code)" } ?? "refused")
            throw error
        }
    }

    /// The line about a change: who, what, why as far as it was said, and what came of it.
    private func note(_ request: HTTPRequest, _ context: RequestContext, by caller: Caller, _ outcome: String) {
        var metadata: Logger.Metadata = [
            "caller": .string(caller.name), "method": .string(request.method.rawValue),
            "path": .string(request.path), "outcome": .string(outcome),
        ]
        if let reason = request.headers["vigil-reason"], !reason.isEmpty {
            metadata["reason"] = .string(String(reason.prefix(500)))
        }
        context.logger.notice("API change", metadata: metadata)
    }
}
