// SPDX-License-Identifier: Apache-2.0
// Decoding of percent-encoded bytes in paths and queries.

/// Decodes percent-encoded bytes.
enum PercentEncoding {
    /// The bytes of a path segment.
    ///
    /// - Parameter bytes: The encoded segment.
    /// - Returns: The decoded bytes, or nil when a percent sign is not followed by two hexadecimal digits.
    static func decoded(_ bytes: some Collection<UInt8>) -> [UInt8]? { decode(bytes, plusIsSpace: false) }

    /// The bytes of a name or value in a query, where a plus sign stands for a space.
    ///
    /// - Parameter bytes: The encoded name or value.
    /// - Returns: The decoded bytes, or nil when a percent sign is not followed by two hexadecimal digits.
    static func decodedForm(_ bytes: some Collection<UInt8>) -> [UInt8]? { decode(bytes, plusIsSpace: true) }

    private static func decode(_ bytes: some Collection<UInt8>, plusIsSpace: Bool) -> [UInt8]? {
        var result: [UInt8] = []
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case ASCII.percent:
                guard let high = iterator.next(), let low = iterator.next(), let high = ASCII.hexValue(high),
                    let low = ASCII.hexValue(low)
                else { return nil }
                result.append(high << 4 | low)
            case ASCII.plus where plusIsSpace: result.append(ASCII.space)
            default: result.append(byte)
            }
        }
        return result
    }
}
