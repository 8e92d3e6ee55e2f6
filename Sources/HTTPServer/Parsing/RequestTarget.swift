// SPDX-License-Identifier: Apache-2.0
// The request target in its three served forms (RFC 9112, 3.2).

/// A request target taken apart.
struct RequestTarget: Sendable, Equatable {
    /// The percent-encoded path, or `*`.
    let path: String
    /// The percent-encoded query; nil without a question mark.
    let query: String?
    /// The authority of an absolute target, which outranks the Host field.
    let authority: String?

    /// Takes a target apart.
    ///
    /// - Parameters:
    ///   - bytes: The target as it came.
    ///   - method: The request's method; only OPTIONS may ask for `*`.
    /// - Throws: 400 for a malformed target or a scheme other than http and https.
    init(_ bytes: ArraySlice<UInt8>, method: HTTPMethod) throws(HTTPError) {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            guard ASCII.isVisible(byte), byte != ASCII.numberSign else {
                throw .badRequest("the request target holds a byte that is not allowed there")
            }
            index += 1
        }
        if bytes.first == ASCII.slash {
            authority = nil
            (path, query) = Self.split(bytes)
        } else if bytes.count == 1, bytes.first == ASCII.asterisk, method == .options {
            (path, query, authority) = ("*", nil, nil)
        } else {
            let rest = try Self.withoutScheme(bytes)
            var end = rest.startIndex
            while end < rest.endIndex, rest[end] != ASCII.slash, rest[end] != ASCII.questionMark { end += 1 }
            let name = String(decoding: rest[..<end], as: UTF8.self)
            guard Authority(name) != nil, !name.isEmpty else {
                throw .badRequest("the request target's authority is malformed")
            }
            authority = name
            let (path, query) = Self.split(rest[end...])
            self.path = path.isEmpty ? "/" : path
            self.query = query
        }
    }

    private static func withoutScheme(_ bytes: ArraySlice<UInt8>) throws(HTTPError) -> ArraySlice<UInt8> {
        for scheme in ["http://", "https://"] where bytes.count >= scheme.utf8.count {
            let end = bytes.startIndex + scheme.utf8.count
            if ASCII.equalIgnoringCase(bytes[..<end], scheme.utf8) { return bytes[end...] }
        }
        throw .badRequest("the request target is neither a path nor an http URL")
    }

    private static func split(_ bytes: ArraySlice<UInt8>) -> (path: String, query: String?) {
        var end = bytes.startIndex
        while end < bytes.endIndex, bytes[end] != ASCII.questionMark { end += 1 }
        let path = String(decoding: bytes[..<end], as: UTF8.self)
        guard end < bytes.endIndex else { return (path, nil) }
        return (path, String(decoding: bytes[(end + 1)...], as: UTF8.self))
    }
}
