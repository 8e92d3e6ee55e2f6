// SPDX-License-Identifier: Apache-2.0
// The handler that loggers of this process get when they bring none.

import Synchronization

/// Chooses the log handler of the process.
public enum LoggingSystem {
    private static let factory = Mutex<(@Sendable (String) -> any LogHandler)?>(nil)

    /// Installs the factory of log handlers; once per process, before the first logger is made.
    ///
    /// - Parameter factory: Makes the handler for a label.
    public static func bootstrap(_ factory: @escaping @Sendable (String) -> any LogHandler) {
        Self.factory.withLock { current in
            precondition(current == nil, "logging can only be bootstrapped once per process")
            current = factory
        }
    }

    static func makeHandler(label: String) -> any LogHandler {
        let factory = Self.factory.withLock { $0 }
        return factory?(label) ?? SwiftLogNoOpLogHandler()
    }
}
