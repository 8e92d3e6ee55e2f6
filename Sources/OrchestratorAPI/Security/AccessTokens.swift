// SPDX-License-Identifier: Apache-2.0
// The tokens that clients show, as the file of their digests.

package import QueueModel
package import SystemKit

/// What a client may do; each scope includes those before it.
package enum AccessScope: String, Sendable, CaseIterable, Comparable {
    /// To look at everything but the settings.
    case read
    /// To submit, cancel and retry tasks, handle dead letters, pause and resume workers.
    case write
    /// To drain and scale workers, and to see the settings.
    case admin

    /// Orders scopes by what they allow.
    package static func < (left: AccessScope, right: AccessScope) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .write: 1
        case .admin: 2
        }
    }
}

/// One token, without the token itself.
package struct AccessToken: Sendable, Equatable {
    /// Whose it is, for people and for the log.
    package let name: AgentName
    /// What it allows.
    package let scope: AccessScope
    /// The SHA-256 digest of the token in hexadecimal digits.
    package let digest: String
    /// When it was made.
    package let createdAt: Timestamp

    /// Describes a token.
    /// - Parameters:
    ///   - name: Whose it is.
    ///   - scope: What it allows.
    ///   - digest: The SHA-256 digest of the token in hexadecimal digits.
    ///   - createdAt: When it was made.
    package init(name: AgentName, scope: AccessScope, digest: String, createdAt: Timestamp) {
        self.name = name
        self.scope = scope
        self.digest = digest
        self.createdAt = createdAt
    }

    /// A new token.
    /// - Parameters:
    ///   - name: Whose it is.
    ///   - scope: What it allows.
    ///   - now: The present time.
    ///   - generator: Where its 256 random bits come from.
    /// - Returns: What to keep, and the token itself, which is kept nowhere.
    package static func make(
        _ name: AgentName,
        _ scope: AccessScope,
        now: Timestamp,
        using generator: inout some RandomNumberGenerator
    ) -> (token: AccessToken, secret: String) {
        let secret = "vigil_" + randomDigits(using: &generator)
        let digest = Digest.sha256(Array(secret.utf8))
        return (AccessToken(name: name, scope: scope, digest: digest, createdAt: now), secret)
    }

    /// A text that nobody can guess.
    /// - Parameter generator: Where its 256 bits come from.
    /// - Returns: 64 hexadecimal digits.
    package static func randomDigits(using generator: inout some RandomNumberGenerator) -> String {
        var digits = ""
        for _ in 0..<4 {
            let part = String(generator.next() as UInt64, radix: 16)
            digits += String(repeating: "0", count: 16 - part.utf8.count) + part
        }
        return digits
    }
}

/// Why the file of tokens cannot be used.
package struct AccessTokensError: Error, Sendable, CustomStringConvertible {
    /// One line: what, and what to do.
    package let description: String
}

/// All tokens of a root.
package struct AccessTokens: Sendable, Equatable {
    /// The name of their file in the root.
    package static let fileName: FileName = ".api-tokens.json"
    private static let version = 1
    private static let maxBytes = 1 << 20

    /// The tokens, in the order in which they were made.
    package var tokens: [AccessToken] = []

    /// No tokens.
    package init() {}

    /// Finds the token that a client shows.
    ///
    /// The digests are compared whole, all of them, so that the time tells nothing about how near a guess was.
    /// - Parameter secret: What the client shows.
    /// - Returns: Nil when there is no such token.
    package func token(for secret: String) -> AccessToken? {
        let digest = Array(Digest.sha256(Array(secret.utf8)).utf8)
        var found: AccessToken?
        for token in tokens where Self.areEqual(Array(token.digest.utf8), digest) { found = token }
        return found
    }

    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (one, other) in zip(left, right) { difference |= one ^ other }
        return difference == 0
    }
}

// MARK: - The file

extension AccessTokens {
    /// Reads the tokens of a root.
    /// - Parameter root: The root directory.
    /// - Returns: The tokens; none when there is no file.
    /// - Throws: `AccessTokensError` when others than its owner may read or write the file, or when it is damaged;
    ///   `SystemCallError` when it cannot be read.
    package static func load(from root: String) throws -> AccessTokens {
        let directory = try Directory.open(root)
        guard let status = try directory.status(of: fileName) else { return AccessTokens() }
        let path = "\(root)/\(fileName)"
        guard status.kind == .regular, status.permissions & 0o077 == 0 else {
            throw AccessTokensError(description: "\(path) has to be a file for its owner alone: chmod 600 \(path)")
        }
        guard let bytes = try directory.read(fileName, limit: maxBytes) else { return AccessTokens() }
        guard let tokens = decode(bytes) else {
            throw AccessTokensError(
                description: "\(path) is damaged; remove it, and make new tokens: vigil token create"
            )
        }
        return tokens
    }

    /// Writes the tokens of a root, whole and durably.
    /// - Parameter root: The root directory.
    /// - Throws: When the file cannot be written; it is as before then.
    package func save(in root: String) throws(SystemCallError) {
        try AtomicFile.write(
            JSONWriter.bytes(json, pretty: true) + [UInt8(ascii: "\n")],
            as: Self.fileName,
            in: Directory.open(root),
            mode: 0o600,
            replacing: true,
            durability: .full
        )
    }

    private var json: JSONValue {
        [
            "version": .integer(Self.version),
            "tokens": .array(
                tokens.map { token in
                    [
                        "name": .string(token.name.string), "scope": .string(token.scope.rawValue),
                        "digest": .string(token.digest), "created_at": .string(token.createdAt.description),
                    ]
                }
            ),
        ]
    }

    private static func decode(_ bytes: [UInt8]) -> AccessTokens? {
        // What is no JSON is damaged, whatever is wrong with it.
        guard let object = (try? JSONParser.parse(bytes, limits: .file(maxBytes)))?.objectValue,
            object["version"]?.intValue == version, let list = object["tokens"]?.arrayValue
        else { return nil }
        var tokens = AccessTokens()
        for entry in list {
            guard let fields = entry.objectValue, let name = fields["name"]?.stringValue,
                let name = AgentName(bytes: name.utf8),
                let scope = fields["scope"]?.stringValue.flatMap(AccessScope.init(rawValue:)),
                let digest = fields["digest"]?.stringValue, digest.utf8.count == 64,
                let created = fields["created_at"]?.stringValue.flatMap(Timestamp.init(iso8601:))
            else { return nil }
            tokens.tokens.append(AccessToken(name: name, scope: scope, digest: digest, createdAt: created))
        }
        return tokens
    }
}
