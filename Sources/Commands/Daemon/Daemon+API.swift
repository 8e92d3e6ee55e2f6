// SPDX-License-Identifier: Apache-2.0
// The API of a daemon.

import HTTPServer
import Logging
import Orchestrator
import OrchestratorAPI
import Settings
import SystemKit

extension Daemon {
    /// What a request may have beside the task itself.
    private static let bodyReserve = 4 << 10

    /// Makes the API, where the role has one.
    /// - Returns: Nil for a worker alone.
    /// - Throws: `CommandFailure` when it would listen where others than this machine can reach it.
    func makeAPI(_ current: CurrentSettings, _ reactor: Reactor, _ logger: Logger) throws -> APIServer? {
        if case .worker = role { return nil }
        let settings = current.loaded.settings
        let bell = ChangeBell(reactor: reactor)
        let tokenBell = ChangeBell(reactor: reactor)
        let watcher = Self.watcher(of: settings, reactor, bell, tokenBell)
        return APIServer(
            configuration: APIServerConfiguration(
                address: try Self.address(of: settings),
                root: settings.root,
                bodyBytes: settings.maxTaskBytes + Self.bodyReserve,
                tls: try Self.certificate(of: settings, logger)
            ),
            operations: QueueOperations(settings: current),
            environment: APIEnvironment(
                reactor: reactor,
                logger: logger,
                bell: bell,
                tokenBell: tokenBell,
                watcher: watcher,
                makeSecret: {
                    var generator = SystemRandomNumberGenerator()
                    return AccessToken.randomDigits(using: &generator)
                },
                convert: QueueOperations.answer
            )
        )
    }

    /// Rings one bell whenever the history has changed, as `vigil events --follow` looks for, and the other one whenever
    /// the tokens may have.
    /// - Returns: Nil where the kernel tells nothing; streams look from time to time then.
    private static func watcher(
        of settings: VigilSettings,
        _ reactor: Reactor,
        _ bell: ChangeBell,
        _ tokenBell: ChangeBell
    ) -> DirectoryWatcher? {
        let location = HistoryLocation(settings)
        // As said above.
        guard let watcher = try? DirectoryWatcher(forQueueAt: location.directory, on: reactor),
            let directory = try? Directory.open(location.directory),
            let root = try? Directory.open(settings.root)
        else { return nil }
        // The journal goes when a change is complete, and the database comes when it is made anew.
        let names = [HistoryLocation.journalName, HistoryLocation.databaseName]
        // As above: without the watch it is as if there were no watcher.
        let watch = try? watcher.add(directory) { event in
            switch event {
            case .settled(let name), .appeared(let name), .vanished(let name):
                if names.contains(name) { bell.ring() }
            case .overflow, .gone: bell.ring()
            }
        }
        // As above.
        let rootWatch = try? watcher.add(root) { event in
            switch event {
            case .settled(AccessTokens.fileName), .vanished(AccessTokens.fileName), .overflow, .gone: tokenBell.ring()
            case .settled, .appeared, .vanished: break
            }
        }
        return watch != nil && rootWatch != nil ? watcher : nil
    }

    private static func address(of settings: VigilSettings) throws(CommandFailure) -> HTTPServerAddress {
        // In range, as the settings have been checked.
        let port = UInt16(clamping: settings.apiPort)
        switch settings.apiBind {
        case .unix(let path): return .unix(path: path)
        case .host("127.0.0.1"), .host("localhost"): return .loopback(port)
        case .host("::1"): return .tcp(host: "::1", port: port)
        case .host(let host):
            try requireSafety(at: host, settings)
            return .tcp(host: host, port: port)
        }
    }

    /// Other machines reach the API only by TLS, and only when there is somebody to let in.
    private static func requireSafety(at host: String, _ settings: VigilSettings) throws(CommandFailure) {
        let danger = "API_BIND=\(host): other machines could reach the API"
        guard settings.apiTLSCertificate != nil, settings.apiTLSKey != nil else {
            throw CommandFailure(
                .configuration,
                danger + "; set API_TLS_CERT and API_TLS_KEY to a certificate and its key, "
                    + "or API_BIND to 127.0.0.1, ::1 or unix:/path"
            )
        }
        guard try !TokenFile(root: settings.root).read().tokens.isEmpty else {
            throw CommandFailure(.configuration, danger + ", and there is no token yet: vigil token create")
        }
    }

    /// The certificate of the API; one that will not hold for long is said aloud.
    /// - Returns: Nil without TLS.
    private static func certificate(
        of settings: VigilSettings,
        _ logger: Logger
    ) throws(CommandFailure) -> TLSStore? {
        switch (settings.apiTLSCertificate, settings.apiTLSKey, settings.apiBind) {
        case (nil, nil, _), (_, _, .unix): return nil
        case (let certificate?, let key?, _):
            let store: TLSStore
            let files = [certificate, key].map { $0.hasPrefix("/") ? $0 : "\(settings.root)/\($0)" }
            do { store = try TLSStore(TLSFiles(certificate: files[0], key: files[1]), at: .now) } catch {
                throw CommandFailure(.configuration, "API_TLS_CERT, API_TLS_KEY: \(error)")
            }
            let days = store.identity.timeLeft.components.seconds / 86_400
            let metadata: Logger.Metadata = ["path": .string(certificate), "days_left": "\(days)"]
            if store.identity.timeLeft < .zero {
                logger.warning("the API's certificate has expired", metadata: metadata)
            } else if days < 14 {
                logger.warning("the API's certificate expires soon", metadata: metadata)
            }
            return store
        default: throw CommandFailure(.configuration, "set both API_TLS_CERT and API_TLS_KEY, or none of them")
        }
    }
}
