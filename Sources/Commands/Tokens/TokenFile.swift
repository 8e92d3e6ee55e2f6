// SPDX-License-Identifier: Apache-2.0
// The file of tokens, as commands read and change it.

import OrchestratorAPI
import SystemKit

/// The tokens of a root.
struct TokenFile {
    /// The root directory.
    let root: String

    /// Reads the tokens.
    /// - Returns: The tokens; none when there is no file.
    /// - Throws: `CommandFailure`.
    func read() throws(CommandFailure) -> AccessTokens {
        do { return try AccessTokens.load(from: root) } catch {
            switch error {
            case let error as SystemCallError: throw CommandFailure(error)
            default: throw CommandFailure(.configuration, "\(error)")
            }
        }
    }

    /// Changes the tokens; durable on return.
    /// - Parameter body: Makes the change.
    /// - Returns: What `body` returns.
    /// - Throws: `CommandFailure`, also when somebody else is changing them, and what `body` throws; nothing was changed
    ///   then.
    func change<Value>(_ body: (inout AccessTokens) throws -> Value) throws -> Value {
        do {
            // Of two changes at the same time one would be lost.
            let lock = try Directory.open(root).createFile(Self.lockName, exclusive: false)
            guard try lock.tryLockExclusive() else {
                throw CommandFailure(.unavailable, "another vigil token is changing the tokens; try again")
            }
            var tokens = try read()
            let value = try body(&tokens)
            try tokens.save(in: root)
            try lock.unlock()
            return value
        } catch let error as SystemCallError { throw CommandFailure(error, whileMaking: true) }
    }

    /// Locked while the tokens are being changed; never removed.
    private static let lockName: FileName = ".api-tokens.lock"
}
