// SPDX-License-Identifier: Apache-2.0
// The decoder that feeds parsed values to a command.

/// Feeds already parsed values through the synthesized `Decodable` initialiser.
struct ArgumentDecoder: Decoder {
    var values: [String: Any]
    var codingPath: [any CodingKey] = []
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Container(decoder: self))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw unsupported }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw unsupported }
    var unsupported: DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: "only keyed containers are supported"))
    }

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

func argumentValue<Value>(_ decoder: any Decoder) throws -> Value {
    guard let decoder = decoder as? ArgumentDecoder, let key = decoder.codingPath.last?.stringValue,
        let value = decoder.values[key] as? Value
    else {
        throw DecodingError.valueNotFound(
            Value.self,
            .init(codingPath: decoder.codingPath, debugDescription: "no value")
        )
    }
    return value
}
