// SPDX-License-Identifier: Apache-2.0
// The API of a daemon.

import HTTPServer
import Logging
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
        return APIServer(
            configuration: APIServerConfiguration(
                address: try Self.address(of: settings),
                root: settings.root,
                bodyBytes: settings.maxTaskBytes + Self.bodyReserve
            ),
            operations: QueueOperations(settings: current),
            reactor: reactor,
            logger: logger,
            convert: QueueOperations.answer
        )
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
