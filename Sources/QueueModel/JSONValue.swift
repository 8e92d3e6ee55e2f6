// SPDX-License-Identifier: Apache-2.0
// A JSON value as it came: order of members and text of numbers are kept.

/// One JSON value; two strings are equal only when their UTF-8 bytes are.
package enum JSONValue: Sendable {
    /// The literal `null`.
    case null
    /// One of the literals `true` and `false`.
    case bool(Bool)
    /// A number, kept as text until a range is asked for.
    case number(JSONNumber)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)
}

// MARK: - Making values

extension JSONValue {
    /// A whole number of any integer type, in decimal digits.
    package static func integer(_ value: some BinaryInteger) -> JSONValue {
        .number(Int64(exactly: value).map { JSONNumber($0) } ?? JSONNumber(validText: String(value)))
    }

    /// A number rounded to a few decimals and written without an exponent.
    ///
    /// - Parameters:
    ///   - value: the number; `null` stands for one that is not finite, which JSON cannot say.
    ///   - fractionDigits: the most decimals to keep, 0 to 9.
    /// - Returns: the number without trailing zeros.
    package static func decimal(_ value: Double, fractionDigits: Int = 6) -> JSONValue {
        guard let number = JSONNumber(rounding: value, fractionDigits: fractionDigits) else { return .null }
        return .number(number)
    }

    /// A duration in seconds with at most three decimals.
    package static func seconds(_ value: Duration) -> JSONValue {
        .number(JSONNumber(milliseconds: value.wholeMilliseconds))
    }
}

// MARK: - Reading values

extension JSONValue {
    /// Whether this is `null`.
    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The boolean, or nil when this is something else.
    package var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The string, or nil when this is something else.
    package var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements, or nil when this is not an array.
    package var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The object, or nil when this is something else.
    package var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The number as it came, or nil when this is something else; a boolean is not a number.
    package var numberValue: JSONNumber? {
        if case .number(let value) = self { value } else { nil }
    }

    /// The number when it is whole and fits, else nil; `5.0` and `5e0` are whole.
    package var intValue: Int? {
        numberValue?.exactInt.flatMap { Int(exactly: $0) }
    }

    /// The nearest finite double, or nil when this is not a number.
    package var doubleValue: Double? {
        numberValue?.double
    }

    /// What kind of value this is, with an article, for messages.
    var kindForMessage: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

// MARK: - Comparing

extension JSONValue: Hashable {
    /// Whether both are the same value: strings by bytes, numbers by text, objects without regard to order.
    package static func == (lhs: JSONValue, rhs: JSONValue) -> Bool {
        switch (lhs, rhs) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    /// Feeds the kind and the content to a hasher.
    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null:
            hasher.combine(0)
        case .bool(let value):
            hasher.combine(1)
            hasher.combine(value)
        case .number(let value):
            hasher.combine(2)
            hasher.combine(value)
        case .string(let value):
            hasher.combine(3)
            value.hashBytes(into: &hasher)
        case .array(let value):
            hasher.combine(4)
            hasher.combine(value)
        case .object(let value):
            hasher.combine(5)
            hasher.combine(value)
        }
    }
}

// MARK: - Literals

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// The literal `nil` is `null`.
    package init(nilLiteral: ()) { self = .null }

    /// A boolean literal.
    package init(booleanLiteral value: Bool) { self = .bool(value) }

    /// An integer literal.
    package init(integerLiteral value: Int64) { self = .integer(value) }

    /// A decimal literal.
    package init(floatLiteral value: Double) {
        self = JSONNumber(value).map(JSONValue.number) ?? .null
    }

    /// A string literal.
    package init(stringLiteral value: String) { self = .string(value) }

    /// An array literal.
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// An object literal; of repeated keys the last value counts.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements))
    }
}
