// SPDX-License-Identifier: Apache-2.0
// SHA-256, to tell equal content from different.

import COpenSSL

/// Message digests.
package enum Digest {
    /// The SHA-256 digest of some bytes in 64 lower-case hexadecimal digits (FIPS 180-4).
    package static func sha256(_ bytes: [UInt8]) -> String {
        var digest = InlineArray<32, UInt8>(repeating: 0)
        var output = digest.mutableSpan
        output.withUnsafeMutableBufferPointer { digest in
            if let digest = digest.baseAddress { copenssl_sha256(bytes, bytes.count, digest) }
        }
        return String(unsafeUninitializedCapacity: 64) { text in
            for index in digest.indices {
                text[2 * index] = hexDigit(digest[index] >> 4)
                text[2 * index + 1] = hexDigit(digest[index] & 15)
            }
            return 64
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }
}
