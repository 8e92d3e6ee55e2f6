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
    func read() throws -> AccessTokens {
        do { return try AccessTokens.load(from: root) } catch let error as AccessTokensError {
            throw CommandFailure(.configuration, error.description)
        } catch let error as SystemCallError { throw CommandFailure(error) }
    }

    /// Changes the tokens; durable on return.
    /// - Parameter body: Makes the change.
    /// - Returns: What `body` returns.
    /// - Throws: `CommandFailure`, and what `body` throws; nothing was changed then.
    func change<Value>(_ body: (inout AccessTokens) throws -> Value) throws -> Value {
        var tokens = try read()
        let value = try body(&tokens)
        do { try tokens.save(in: root) } catch { throw CommandFailure(error, whileMaking: true) }
        return value
    }
}
