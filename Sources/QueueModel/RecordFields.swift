// SPDX-License-Identifier: Apache-2.0
// Reading the files that Vigil itself or its predecessor wrote.

/// Why a file that Vigil or its predecessor should have written cannot be used.
package struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of damage; the texts are stable.
    package enum Code: String, Sendable, CaseIterable {
        /// The file is not JSON.
        case invalidJSON = "invalid_json"
        /// The file holds something other than an object.
        case notAnObject = "not_an_object"
        /// A field that must be there is not.
        case missingField = "missing_field"
        /// A field has a value that it cannot have.
        case invalidField = "invalid_field"
    }

    /// The kind of damage.
    package let code: Code
    /// The field, if it is about one.
    package let field: String?
    /// What is wrong, in one line.
    package let message: String

    /// The message.
    package var description: String { message }
}

/// Reads the fields of a record; unknown ones are ignored and `null` counts as absent.
struct RecordFields {
    let object: JSONObject

    init(_ object: JSONObject) {
        self.object = object
    }

    /// Reads a whole file, of any size, as it is already in memory.
    init(parsing bytes: [UInt8]) throws(RecordError) {
        let document: JSONValue
        do throws(JSONParseError) {
            document = try JSONParser.parse(bytes, limits: .file(bytes.count))
        } catch {
            throw RecordError(code: .invalidJSON, field: nil, message: error.description)
        }
        guard let object = document.objectValue else {
            let message = "the file holds \(document.kindForMessage), not an object"
            throw RecordError(code: .notAnObject, field: nil, message: message)
        }
        self.object = object
    }

    /// A field converted by a closure; nil when absent, an error when the closure returns nil.
    func optional<T>(_ field: String, _ convert: (JSONValue) -> T?) throws(RecordError) -> T? {
        guard let value = object[field], !value.isNull else { return nil }
        guard let converted = convert(value) else {
            let message = "\(field): unexpected \(JSONWriter.text(value).quotedForMessage)"
            throw RecordError(code: .invalidField, field: field, message: message)
        }
        return converted
    }

    /// A field converted by a closure; an error when it is absent or the closure returns nil.
    func required<T>(_ field: String, _ convert: (JSONValue) -> T?) throws(RecordError) -> T {
        guard let value = try optional(field, convert) else {
            throw RecordError(code: .missingField, field: field, message: "\(field): missing")
        }
        return value
    }
}

// MARK: - Conversions

extension JSONValue {
    /// An identifier from a string that keeps the rule.
    func identifier<Rule>(_ rule: Rule.Type = Rule.self) -> Identifier<Rule>? {
        stringValue.flatMap { Identifier(bytes: $0.utf8) }
    }

    /// A word of a closed set.
    func word<Word: RawRepresentable>(_ set: Word.Type = Word.self) -> Word? where Word.RawValue == String {
        stringValue.flatMap(Word.init(rawValue:))
    }

    /// A point in time; without a zone, as the older system wrote it, it is taken as UTC.
    var timestampValue: Timestamp? {
        stringValue.flatMap { Timestamp(iso8601: $0) ?? Timestamp(iso8601: $0 + "Z") }
    }

    /// A duration from a number of seconds, in whole milliseconds, not negative.
    var durationValue: Duration? {
        doubleValue.flatMap { Duration(secondsFromOutside: $0) }
    }

    /// A whole number that is not negative.
    var countValue: Int? {
        intValue.flatMap { $0 >= 0 ? $0 : nil }
    }

    /// The attempts of an array, or nil when one of them cannot be read.
    var attemptsValue: [AttemptRecord]? {
        guard let elements = arrayValue else { return nil }
        let attempts = elements.compactMap(AttemptRecord.init(json:))
        return attempts.count == elements.count ? attempts : nil
    }
}
