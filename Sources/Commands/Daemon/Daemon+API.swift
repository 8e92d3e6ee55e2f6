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
                bodyBytes: settings.maxTaskBytes + Self.bodyReserve
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
            throw CommandFailure(
                .configuration,
                "API_BIND=\(host): other machines could reach the API, and its TLS is not there yet; "
                    + "set it to 127.0.0.1, ::1 or unix:/path, and put a proxy with TLS before it"
            )
        }
    }
}
