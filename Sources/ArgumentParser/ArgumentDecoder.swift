// SPDX-License-Identifier: Apache-2.0
// The decoder that feeds parsed values to a command.

/// Feeds already parsed values through the synthesized `Decodable` initialiser.
struct ArgumentDecoder: Decoder {
    /// The values by path of properties.
    var values: [String: Any]
    var codingPath: [any CodingKey] = []
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Container(decoder: self))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw unsupported }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw unsupported }

    var unsupported: DecodingError {
        let path = codingPath.map(\.stringValue).joined(separator: ".")
        return .dataCorrupted(
            .init(codingPath: codingPath, debugDescription: "property '\(path)' is not an argument, option or flag")
        )
    }

    /// The properties of one instance, each found by its name.
    struct Container<Key: CodingKey>: KeyedDecodingContainerProtocol {
        var decoder: ArgumentDecoder
        var codingPath: [any CodingKey] { decoder.codingPath }
        var allKeys: [Key] { [] }
        func contains(_ key: Key) -> Bool { true }
        func decodeNil(forKey key: Key) -> Bool { false }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            var nested = decoder
            nested.codingPath.append(key)
            return try T(from: nested)
        }
        func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) throws -> KeyedDecodingContainer<N> {
            throw decoder.unsupported
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            throw decoder.unsupported
        }
        func superDecoder() throws -> any Decoder { throw decoder.unsupported }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw decoder.unsupported }
    }
}

/// The parsed value of the property that is being decoded.
func argumentValue<Value>(_ decoder: any Decoder) throws -> Value {
    let path = decoder.codingPath.map(\.stringValue).joined(separator: ".")
    guard let decoder = decoder as? ArgumentDecoder, let value = decoder.values[path] as? Value else {
        throw DecodingError.valueNotFound(
            Value.self,
            .init(codingPath: decoder.codingPath, debugDescription: "'\(path)' has no value")
        )
    }
    return value
}
