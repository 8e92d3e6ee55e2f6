// SPDX-License-Identifier: Apache-2.0
// What a configuration file can contain, with the line of every member for messages.

/// A value of a configuration file.
indirect enum ConfigurationValue: Equatable, Sendable {
    case null
    case boolean(Bool)
    /// A number as it stands in the file, without a plus sign; hexadecimal ones are converted to decimal.
    case number(String)
    case string(String)
    case array([ConfigurationValue])
    case object([ConfigurationMember])
}

/// A member of an object of a configuration file.
struct ConfigurationMember: Equatable, Sendable {
    let key: String
    let line: Int
    let value: ConfigurationValue
}

extension ConfigurationValue {
    /// The value in short, for messages.
    var excerpt: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): text
        case .array: "[…]"
        case .object: "{…}"
        }
    }

    /// The strings of an array that holds nothing else.
    var strings: [String]? {
        guard case .array(let elements) = self else { return nil }
        var strings: [String] = []
        for element in elements {
            guard case .string(let text) = element else { return nil }
            strings.append(text)
        }
        return strings
    }
}

/// What is wrong with the syntax of a configuration file.
struct ConfigurationSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
    let line: Int
    let column: Int
    let message: String

    var description: String { "line \(line), column \(column): \(message)" }
}
