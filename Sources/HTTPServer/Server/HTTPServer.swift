// SPDX-License-Identifier: Apache-2.0
// The server: a listener and its connections on the reactor.

package import Logging
import ServiceLifecycle
package import SystemKit

/// An HTTP/1.1 server on the reactor's thread.
///
/// Handlers run on that thread too, between events, so they must not block; work that does belongs in
/// `Reactor.offload`. Nothing wakes up while no client does anything and no deadline passes.
package actor HTTPServer: Service {
    let configuration: HTTPServerConfiguration
    let reactor: Reactor
    let logger: Logger
    private let responder: RouteHandler
    private let wallClock: WallClock
    private let onBound: @Sendable (HTTPServerAddress) -> Void

    var listener: StreamListener?
    var isAccepting = false
    /// Set while accepting is paused after a failure.
    var pauseTimer: TimerID?
    var connections: [UInt64: ServerConnection] = [:]
    private var connectionCount: UInt64 = 0
    /// The handlers that have not returned, also those whose client is gone.
    var handlers: [UInt64: Task<Void, Never>] = [:]
    private var requestCount: UInt64 = 0
    private var ending: CheckedContinuation<Void, Never>?

    /// The reactor.
    nonisolated package var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    /// Creates a server that does not listen yet.
    ///
    /// - Parameters:
    ///   - configuration: Where it listens, whom it answers, and how much it takes.
    ///   - router: The routes.
    ///   - reactor: The loop to run on.
    ///   - logger: Takes start, stop, and what goes wrong.
    ///   - wallClock: The time of the `Date` field.
    ///   - onBound: Called on the reactor once clients can connect, with the port that was found for port 0.
    package init(
        configuration: HTTPServerConfiguration,
        router: Router,
        reactor: Reactor,
        logger: Logger,
        wallClock: WallClock = .system,
        onBound: @escaping @Sendable (HTTPServerAddress) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.reactor = reactor
        self.logger = logger
        self.wallClock = wallClock
        self.onBound = onBound
        responder = router.responder()
    }

    /// Serves until the service group shuts down or the task is cancelled, then lets running requests finish.
    ///
    /// Idle connections close at once, others after the response to the request they are at. What is left at the
    /// drain deadline, or when the task is cancelled during a graceful shutdown, is cut off.
    /// - Throws: `SystemCallError` when it cannot listen at the address.
    package func run() async throws {
        try listen()
        // Ends by cancellation too, which here means the same.
        try? await gracefulShutdown()
        await drain()
    }

    /// The present moment.
    var now: HTTPMoment {
        HTTPMoment(instant: ContinuousClock().now, unixSeconds: wallClock.nowMilliseconds / 1000)
    }
}

// MARK: - Start and end

extension HTTPServer {
    private func listen() throws(SystemCallError) {
        let listener = try StreamListener(address: configuration.address.socketAddress)
        try reactor.watch(listener.descriptor, for: .read) { _ in self.assumeIsolated { $0.acceptWaiting() } }
        self.listener = listener
        isAccepting = true
        let bound = configuration.address.bound(to: listener.port)
        logger.notice("listening", metadata: ["address": "\(bound)"])
        onBound(bound)
    }

    private func drain() async {
        stopListening()
        for connection in connections.values { perform(connection.shutDown(at: now), on: connection) }
        let deadline = ContinuousClock().now + configuration.deadlines.drain
        let timer = reactor.schedule(at: deadline) { self.assumeIsolated { $0.cutOff() } }
        if Task.isCancelled {
            await ended()
        } else {
            await withTaskCancellationHandler {
                await ended()
            } onCancel: {
                reactor.perform { self.assumeIsolated { $0.cutOff() } }
            }
        }
        reactor.cancel(timer)
        logger.notice("stopped", metadata: ["requests": "\(requestCount)"])
    }

    private func stopListening() {
        guard let listener else { return }
        reactor.unwatch(listener.descriptor)
        if let pauseTimer { reactor.cancel(pauseTimer) }
        self.listener = nil
        isAccepting = false
    }

    /// Returns when the last connection is closed and the last handler returned.
    private func ended() async {
        guard !connections.isEmpty || !handlers.isEmpty else { return }
        await withCheckedContinuation { ending = $0 }
    }

    /// Closes every connection and gives up on the handlers.
    private func cutOff() {
        guard let ending else { return }
        logger.warning(
            "requests cut off by shutdown",
            metadata: ["connections": "\(connections.count)", "handlers": "\(handlers.count)"]
        )
        self.ending = nil
        for connection in connections.values { close(connection) }
        for handler in handlers.values { handler.cancel() }
        ending.resume()
    }

    private func noteEnd() {
        guard connections.isEmpty, handlers.isEmpty, let ending else { return }
        self.ending = nil
        ending.resume()
    }
}

// MARK: - Connections

extension HTTPServer {
    /// Takes up a connection that was accepted.
    func open(_ socket: consuming StreamSocket) {
        connectionCount += 1
        let number = connectionCount
        let machine = HTTPConnection(configuration: configuration, at: now)
        let session: TLSSession?
        if let tls = configuration.tls {
            refresh(tls)
            session = tls.identity.session()
            guard session != nil else { return logger.warning("connection dropped", metadata: ["error": "no memory"]) }
        } else {
            session = nil
        }
        let connection = ServerConnection(number: number, socket: socket, tls: session, machine: machine)
        do {
            try reactor.watch(connection.descriptor, for: .read) { readiness in
                self.assumeIsolated { $0.ready(number, readiness) }
            }
        } catch {
            logger.warning("connection dropped", metadata: ["error": "\(error)"])
            return
        }
        connections[number] = connection
        setTimer(of: connection)
    }

    /// Has a certificate whose files have changed read again, for the connections to come.
    private func refresh(_ store: TLSStore) {
        guard store.isDue(at: now.instant) else { return }
        let logger = logger
        reactor.runInBackground {
            do throws(TLSError) {
                if try store.refresh() { logger.notice("certificate read again") }
            } catch {
                logger.error("the new certificate cannot be used", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Ends a connection, whatever it is at.
    func close(_ connection: ServerConnection) {
        guard connections.removeValue(forKey: connection.number) != nil else { return }
        reactor.unwatch(connection.descriptor)
        if let timer = connection.timer { reactor.cancel(timer.id) }
        cancelHandler(of: connection)
        connection.wakeWriter()
        connection.wakeReader()
        resumeAccepting()
        noteEnd()
    }

    private func ready(_ number: UInt64, _ readiness: Readiness) {
        guard let connection = connections[number] else { return }
        if !readiness.isDisjoint(with: [.hangUp, .error]) { return close(connection) }
        guard readiness.contains(.read) else { return perform(.none, on: connection) }
        guard connection.wantsInput else {
            connection.hasUnwantedInput = true
            return perform(.none, on: connection)
        }
        switch connection.read() {
        case .bytes(let bytes): perform(connection.received(bytes, at: now), on: connection)
        case .end: perform(connection.inputEnded(), on: connection)
        case .failed: close(connection)
        }
    }

    /// Performs an action and those that follow from sending, then waits for what the connection needs next.
    func perform(_ action: HTTPConnection.Action, on connection: ServerConnection) {
        var action = action
        while true {
            switch action {
            case .none: break
            case .handle(let request, let number): handle(request, number, on: connection)
            case .cancelHandler: cancelHandler(of: connection)
            case .finishWriting: connection.finishWriting()
            case .close: return close(connection)
            }
            guard connection.hasOutput else { break }
            guard let count = connection.write() else { return close(connection) }
            guard count > 0 else { break }
            action = connection.sent(count, at: now)
        }
        if !connection.hasOutput { connection.wakeWriter() }
        if let webSocket = connection.webSocket { wake(connection, webSocket) }
        if let interest = connection.takeNewInterest() {
            do { try reactor.change(connection.descriptor, to: interest) } catch { return close(connection) }
        }
        setTimer(of: connection)
    }

    /// Sets the timer when the deadline is earlier than it; a later deadline is looked at when the timer fires.
    private func setTimer(of connection: ServerConnection) {
        let deadline = connection.deadline
        if let timer = connection.timer {
            guard deadline < timer.moment else { return }
            reactor.cancel(timer.id)
        }
        let number = connection.number
        let id = reactor.schedule(at: deadline) { self.assumeIsolated { $0.timerFired(number) } }
        connection.timer = (id, deadline)
    }

    private func timerFired(_ number: UInt64) {
        guard let connection = connections[number] else { return }
        connection.timer = nil
        perform(connection.deadlinePassed(at: now), on: connection)
    }
}

// MARK: - Requests

extension HTTPServer {
    private func handle(_ request: HTTPRequest, _ number: UInt64, on connection: ServerConnection) {
        guard handlers.count < configuration.maxConnections else {
            // Handlers that do not heed cancellation outlive their connections, and must not pile up.
            connection.machine.answered(number, HTTPError.overloaded.response, at: now)
            return
        }
        requestCount += 1
        let requestNumber = requestCount
        connection.request = requestNumber
        let context = RequestContext(requestNumber: requestNumber, logger: logger)
        let connectionNumber = connection.number
        // A task of its own, because this is called by the loop and not by a task; drain() waits for it.
        handlers[requestNumber] = Task(executorPreference: reactor) {
            let response = await self.respond(to: request, context)
            let isStreamed = await self.answered(requestNumber, response, of: connectionNumber, number)
            if isStreamed, let upgrade = response.webSocket {
                await self.serve(upgrade, on: connectionNumber)
                await self.webSocketEnded(requestNumber, of: connectionNumber)
            } else if isStreamed, let stream = response.stream {
                let isComplete = await self.write(stream, to: connectionNumber, number)
                await self.streamEnded(isComplete, requestNumber, of: connectionNumber, number)
            }
            await self.finished(requestNumber)
        }
    }

    /// Takes the response to a request, which is the connection's `number`th.
    ///
    /// - Returns: Whether its body is to be streamed now, or its WebSocket to be served.
    private func answered(
        _ requestNumber: UInt64,
        _ response: HTTPResponse,
        of connectionNumber: UInt64,
        _ number: UInt64
    ) -> Bool {
        guard let connection = connections[connectionNumber] else { return false }
        if let upgrade = response.webSocket, start(upgrade, response, on: connection, number) { return true }
        let isStreamed = connection.machine.answered(number, response, at: now)
        if !isStreamed {
            // Before the next request of the connection may begin.
            handlers[requestNumber] = nil
            if connection.request == requestNumber { connection.request = nil }
        }
        perform(.none, on: connection)
        return isStreamed
    }

    /// The handler of a request is done.
    private func finished(_ requestNumber: UInt64) {
        handlers[requestNumber] = nil
        noteEnd()
    }

    private func respond(to request: HTTPRequest, _ context: RequestContext) async -> HTTPResponse {
        do {
            let response = try await responder(request, context)
            if response.body.count > configuration.sizes.responseBytes {
                logger.error("response too large", metadata: ["path": "\(request.path)"])
            }
            return response
        } catch {
            return ProblemMiddleware().response(for: error, logger: logger)
        }
    }

    private func cancelHandler(of connection: ServerConnection) {
        guard let request = connection.request else { return }
        connection.request = nil
        handlers[request]?.cancel()
    }
}

extension HTTPError {
    /// The answer while too many handlers of clients that are gone are still at work.
    fileprivate static let overloaded = HTTPError(
        .serviceUnavailable,
        code: "overloaded",
        "the server is at work on too many requests; try again later"
    )
}
