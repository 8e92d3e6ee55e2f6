// SPDX-License-Identifier: Apache-2.0
// A server's certificate and key, and those in use while their files change.

import COpenSSL
import Synchronization

/// Why a certificate or its key cannot be used.
package struct TLSError: Error, Sendable, CustomStringConvertible {
    /// One line: which file, and what is wrong with it.
    package let description: String
}

/// Where a server's certificate and key are.
package struct TLSFiles: Sendable, Equatable {
    /// The file with the certificate and those that vouch for it (PEM).
    package let certificate: String
    /// The file with its key (PEM), which only its owner may read.
    package let key: String

    /// Names the files.
    /// - Parameters:
    ///   - certificate: The file with the certificate and those that vouch for it.
    ///   - key: The file with its key.
    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// What tells one version of the files from another.
    fileprivate func stamps() throws(SystemCallError) -> [FileStatus?] {
        [try HostPath.status(of: certificate), try HostPath.status(of: key)]
    }
}

/// A certificate with its key, ready for TLS 1.2 and later.
///
/// Invariant of `@unchecked Sendable`: the context is set up by the initialiser and not changed afterwards; OpenSSL lets
/// any thread make sessions of it.
@safe package final class TLSIdentity: @unchecked Sendable {
    fileprivate let context: OpaquePointer
    /// The names and addresses that the certificate is for.
    package let hosts: [String]
    /// How long the certificate holds; negative when it does not any more.
    package let timeLeft: Duration

    /// Reads a certificate and its key; blocks.
    /// - Parameter files: Where they are.
    /// - Throws: ``TLSError`` when one cannot be read, when others than its owner may read the key, or when they do not
    ///   belong together.
    package init(_ files: TLSFiles) throws(TLSError) {
        let status: FileStatus?
        do { status = try HostPath.status(of: files.key) } catch { throw TLSError(description: "\(error)") }
        guard let status else { throw TLSError(description: "the key \(files.key) is not there") }
        guard status.permissions & 0o077 == 0 else {
            throw TLSError(description: "others may read the key \(files.key); chmod 600 \(files.key)")
        }
        var step: Int32 = 0
        var reason = [CChar](repeating: 0, count: 256)
        guard let context = unsafe copenssl_context(files.certificate, files.key, &step, &reason, reason.count) else {
            let cause = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw TLSError(description: Self.problem(step, files) + ": " + cause)
        }
        unsafe self.context = context
        timeLeft = .seconds(unsafe copenssl_seconds_left(context))
        var list = [CChar](repeating: 0, count: 8192)
        unsafe copenssl_hosts(context, &list, list.count)
        let text = String(decoding: list.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        hosts = text.split(separator: "\n").map(String.init)
    }

    deinit { unsafe SSL_CTX_free(context) }

    private static func problem(_ step: Int32, _ files: TLSFiles) -> String {
        switch step {
        case 1: "the certificate \(files.certificate) cannot be used"
        case 2: "the key \(files.key) cannot be used"
        case 3: "the key \(files.key) does not belong to the certificate \(files.certificate)"
        default: "TLS cannot be used"
        }
    }

    /// Begins the server's side of a connection.
    /// - Returns: Nil without memory.
    package func session() -> TLSSession? {
        guard let session = unsafe copenssl_session(context) else { return nil }
        return unsafe TLSSession(session)
    }
}

/// The certificate in use; it is read again when its files have changed.
package final class TLSStore: Sendable {
    private struct State {
        var identity: TLSIdentity
        var stamps: [FileStatus?]
        var isLooking = false
        var looked: ContinuousClock.Instant
    }

    /// How often the files are looked at, at most.
    private static let interval = Duration.seconds(10)

    private let files: TLSFiles
    private let state: Mutex<State>

    /// Reads a certificate and its key; blocks.
    /// - Parameters:
    ///   - files: Where they are.
    ///   - now: The present moment.
    /// - Throws: ``TLSError``.
    package init(_ files: TLSFiles, at now: ContinuousClock.Instant) throws(TLSError) {
        self.files = files
        // Without them, the files look changed the next time.
        let stamps = (try? files.stamps()) ?? []
        state = Mutex(State(identity: try TLSIdentity(files), stamps: stamps, looked: now))
    }

    /// The certificate in use.
    package var identity: TLSIdentity { state.withLock { $0.identity } }

    /// Whether it is time to look at the files; who is told so does it by ``refresh()``.
    /// - Parameter now: The present moment.
    /// - Returns: True once in a while.
    package func isDue(at now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            guard !state.isLooking, now - state.looked >= Self.interval else { return false }
            state.isLooking = true
            state.looked = now
            return true
        }
    }

    /// Takes up files that have changed; blocks.
    /// - Returns: Whether they have.
    /// - Throws: ``TLSError`` when they cannot be used; the certificate before stays in use.
    package func refresh() throws(TLSError) -> Bool {
        defer { state.withLock { $0.isLooking = false } }
        let stamps: [FileStatus?]
        do { stamps = try files.stamps() } catch { throw TLSError(description: "\(error)") }
        guard state.withLock({ $0.stamps }) != stamps else { return false }
        // Told once for each version of the files.
        state.withLock { $0.stamps = stamps }
        let identity = try TLSIdentity(files)
        state.withLock { $0.identity = identity }
        return true
    }
}
