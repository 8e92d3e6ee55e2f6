// SPDX-License-Identifier: Apache-2.0
// The types of settings that are no plain numbers, texts or durations.

/// How much is logged.
package enum LogLevel: String, CaseIterable, Sendable {
    /// Decisions.
    case debug = "DEBUG"
    /// What became of each task.
    case info = "INFO"
    /// What was wrong and is dealt with.
    case warning = "WARNING"
    /// What was lost.
    case error = "ERROR"
    /// What ends the program.
    case critical = "CRITICAL"
}

/// How a log line looks.
package enum LogFormat: String, CaseIterable, Sendable {
    /// A JSON object per line, for programs.
    case json
    /// For people.
    case text
}

/// How many attempts may start within a span of time.
package struct RateLimit: Equatable, Sendable {
    /// The most starts within `interval`.
    package let count: Int
    /// The span of time.
    package let interval: Duration

    /// Makes a limit of `count` starts per `interval`.
    ///
    /// - Parameters:
    ///   - count: the most starts; at least 1.
    ///   - interval: the span of time; longer than zero.
    package init(count: Int, interval: Duration) {
        self.count = count
        self.interval = interval
    }
}

/// Where the API listens.
package enum BindAddress: Equatable, Sendable, CustomStringConvertible {
    /// A numeric address of this host, or `localhost`.
    case host(String)
    /// The absolute path of a socket file.
    case unix(String)

    /// The address as the setting takes it.
    package var description: String {
        switch self {
        case .host(let address): address
        case .unix(let path): "unix:\(path)"
        }
    }
}
