// SPDX-License-Identifier: Apache-2.0
// The names under which an option or flag is known.

/// The names of an option or flag: long, short, or both.
public struct NameSpecification: ExpressibleByArrayLiteral, Sendable {
    /// One name.
    public struct Element: Hashable, Sendable {
        /// Where the name comes from and how many dashes it has.
        enum Form: Hashable {
            case long
            case short
            case customLong(String, withSingleDash: Bool)
            case customShort(Character, allowingJoined: Bool)
        }
        let form: Form

        /// The property's name in kebab case, after two dashes.
        public static let long = Self(form: .long)
        /// The first letter of the property's name, after one dash.
        public static let short = Self(form: .short)

        /// A name of its own.
        ///
        /// - Parameters:
        ///   - name: The name without dashes.
        ///   - withSingleDash: Whether one dash comes before it instead of two.
        /// - Returns: The name.
        public static func customLong(_ name: String, withSingleDash: Bool = false) -> Self {
            Self(form: .customLong(name, withSingleDash: withSingleDash))
        }

        /// A letter of its own, after one dash.
        ///
        /// - Parameters:
        ///   - name: The letter.
        ///   - allowingJoined: Whether the value may follow without a space.
        /// - Returns: The name.
        public static func customShort(_ name: Character, allowingJoined: Bool = false) -> Self {
            Self(form: .customShort(name, allowingJoined: allowingJoined))
        }
    }

    let elements: [Element]

    /// Creates a specification of several names.
    public init(arrayLiteral elements: Element...) { self.elements = elements }

    /// The property's name in kebab case, after two dashes.
    public static let long: Self = [.long]
    /// The first letter of the property's name, after one dash.
    public static let short: Self = [.short]
    /// The property's name and its first letter.
    public static let shortAndLong: Self = [.long, .short]

    /// A name of its own.
    ///
    /// - Parameters:
    ///   - name: The name without dashes.
    ///   - withSingleDash: Whether one dash comes before it instead of two.
    /// - Returns: The specification.
    public static func customLong(_ name: String, withSingleDash: Bool = false) -> Self {
        [.customLong(name, withSingleDash: withSingleDash)]
    }

    /// A letter of its own, after one dash.
    ///
    /// - Parameters:
    ///   - name: The letter.
    ///   - allowingJoined: Whether the value may follow without a space.
    /// - Returns: The specification.
    public static func customShort(_ name: Character, allowingJoined: Bool = false) -> Self {
        [.customShort(name, allowingJoined: allowingJoined)]
    }

    /// The names for a property, given the path of properties that leads to it.
    func names(for key: String) -> [ArgumentName] {
        let property = key.split(separator: ".").last ?? ""
        return elements.map { element in
            switch element.form {
            case .long: ArgumentName(text: "--" + String(property).kebabCased)
            case .short: ArgumentName(text: "-" + property.prefix(1), isShort: true)
            case .customLong(let name, let withSingleDash): ArgumentName(text: (withSingleDash ? "-" : "--") + name)
            case .customShort(let letter, let allowsJoinedValue):
                ArgumentName(text: "-" + String(letter), isShort: true, allowsJoinedValue: allowsJoinedValue)
            }
        }
    }
}

/// One name as it is typed, dashes included.
struct ArgumentName {
    var text: String
    var isShort = false
    var allowsJoinedValue = false

    /// The name without its dashes.
    var bare: String { String(text.drop { $0 == "-" }) }
}

extension String {
    /// `maxRetries` as `max-retries`; a run of capitals counts as one word.
    var kebabCased: String {
        var result = ""
        var previousWasUppercase = true
        for character in self {
            if character.isUppercase, !previousWasUppercase { result += "-" }
            result += character == "_" ? "-" : character.lowercased()
            previousWasUppercase = character.isUppercase || character == "_"
        }
        return result
    }
}
