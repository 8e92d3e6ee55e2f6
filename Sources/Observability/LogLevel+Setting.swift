// SPDX-License-Identifier: Apache-2.0
// Log levels by the five names that settings and log lines use.

package import Logging

extension Logger.Level {
    /// Creates a level from the word of the setting `LOG_LEVEL`, whatever the case of its letters; nil for other words.
    ///
    /// - Parameter setting: `DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`.
    package init?(setting: String) {
        switch setting.uppercased() {
        case "DEBUG": self = .debug
        case "INFO": self = .info
        case "WARNING": self = .warning
        case "ERROR": self = .error
        case "CRITICAL": self = .critical
        default: return nil
        }
    }

    /// The name in log lines: `notice` counts as `INFO` and `trace` as `DEBUG`.
    package var settingName: String {
        switch self {
        case .trace, .debug: "DEBUG"
        case .info, .notice: "INFO"
        case .warning: "WARNING"
        case .error: "ERROR"
        case .critical: "CRITICAL"
        }
    }
}
