// SPDX-License-Identifier: Apache-2.0
// Header fields in the order they came, found by name whatever its case.

/// Header fields in order, looked up by ASCII-case-insensitive name.
package struct HTTPHeaders: Sendable, Equatable {
    /// One header field.
    package struct Field: Sendable, Equatable {
        /// The name as it came; fields from a request are lowercased.
        package var name: String
        /// The value without surrounding whitespace.
        package var value: String

        /// Creates a field.
        ///
        /// - Parameters:
        ///   - name: The field's name.
        ///   - value: The field's value.
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The fields in order.
    package private(set) var fields: [Field]

    /// Creates a list of fields.
    ///
    /// - Parameter fields: The fields in order.
    package init(_ fields: [Field] = []) { self.fields = fields }

    /// The first value of a name; setting replaces every field of that name, nil removes them.
    ///
    /// - Parameter name: The field's name in any case.
    package subscript(name: String) -> String? {
        get { fields.first { ASCII.equalIgnoringCase($0.name, name) }?.value }
        set {
            let position = fields.firstIndex { ASCII.equalIgnoringCase($0.name, name) }
            remove(name)
            guard let newValue else { return }
            fields.insert(Field(name: name, value: newValue), at: position ?? fields.endIndex)
        }
    }

    /// Every value of a name, in order.
    ///
    /// - Parameter name: The field's name in any case.
    /// - Returns: The values; empty when there is no such field.
    package func values(of name: String) -> [String] {
        var values: [String] = []
        for field in fields where ASCII.equalIgnoringCase(field.name, name) { values.append(field.value) }
        return values
    }

    /// Adds a field after the others and keeps those of the same name.
    ///
    /// - Parameters:
    ///   - name: The field's name.
    ///   - value: The field's value.
    package mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Removes every field of a name.
    ///
    /// - Parameter name: The field's name in any case.
    package mutating func remove(_ name: String) {
        fields.removeAll { ASCII.equalIgnoringCase($0.name, name) }
    }

    /// Whether a comma-separated field lists a token, in any case.
    ///
    /// - Parameters:
    ///   - token: The token to look for.
    ///   - name: The field's name in any case.
    /// - Returns: True when one of the fields of that name lists the token.
    package func lists(_ token: String, in name: String) -> Bool {
        for field in fields where ASCII.equalIgnoringCase(field.name, name) {
            for element in field.value.utf8.split(separator: ASCII.comma) {
                if ASCII.equalIgnoringCase(ASCII.trimmed(element), token.utf8) { return true }
            }
        }
        return false
    }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    /// Creates fields in the order of a literal.
    ///
    /// - Parameter elements: Names and values.
    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }
}
