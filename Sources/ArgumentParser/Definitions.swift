// SPDX-License-Identifier: Apache-2.0
// What a command line can contain.

public struct ArgumentHelp: ExpressibleByStringInterpolation, Sendable {
    public var abstract: String
    public init(_ abstract: String = "") { self.abstract = abstract }
    public init(stringLiteral value: String) { abstract = value }
}

public struct NameSpecification: Sendable {
    enum Form: Sendable { case long, short, customLong(String), customShort(Character) }
    let forms: [Form]
    public static let long = Self(forms: [.long])
    public static let short = Self(forms: [.short])
    public static let shortAndLong = Self(forms: [.long, .short])
    public static func customLong(_ name: String) -> Self { Self(forms: [.customLong(name)]) }
    public static func customShort(_ name: Character) -> Self { Self(forms: [.customShort(name)]) }

    func names(for key: String) -> [String] {
        let kebab = key.reduce(into: "") { out, c in out += c.isUppercase ? "-" + c.lowercased() : String(c) }
        return forms.map { form in
            switch form {
            case .long: "--" + kebab
            case .short: "-" + String(kebab.prefix(1))
            case .customLong(let name): "--" + name
            case .customShort(let name): "-" + String(name)
            }
        }
    }
}

public protocol ExpressibleByArgument {
    init?(argument: String)
    static var allValueStrings: [String] { get }
}
extension ExpressibleByArgument { public static var allValueStrings: [String] { [] } }
extension ExpressibleByArgument where Self: LosslessStringConvertible {
    public init?(argument: String) { self.init(argument) }
}
extension ExpressibleByArgument where Self: RawRepresentable, RawValue == String {
    public init?(argument: String) { self.init(rawValue: argument) }
}
extension ExpressibleByArgument where Self: CaseIterable, Self: RawRepresentable, RawValue == String {
    public static var allValueStrings: [String] { allCases.map(\.rawValue) }
}
extension String: ExpressibleByArgument {}
extension Int: ExpressibleByArgument {}
extension Double: ExpressibleByArgument {}
extension Bool: ExpressibleByArgument {}

/// One thing the command line can contain.
struct ArgumentDefinition {
    enum Kind { case flag, option, positional, repeating }
    var kind: Kind
    var names: [String] = []
    var key: String
    var help: String
    var initial: Any?
    var isRequired: Bool
    var allValues: [String] = []
    var parse: (String) -> Any?
}

protocol DefinesArguments { func definitions(for key: String) -> [ArgumentDefinition] }

/// A property is either a definition (before parsing) or a value (after).
enum Parsed<Value> {
    case definition((String) -> [ArgumentDefinition])
    case value(Value)

    func value(_ role: String) -> Value {
        guard case .value(let value) = self else {
            preconditionFailure("\(role) read before the command line was parsed")
        }
        return value
    }
    func definitions(_ key: String) -> [ArgumentDefinition] {
        guard case .definition(let make) = self else { return [] }
        return make(key)
    }
}

@propertyWrapper
public struct Flag: Decodable, DefinesArguments {
    var parsed: Parsed<Bool>
    public var wrappedValue: Bool {
        get { parsed.value("@Flag") }
        set { parsed = .value(newValue) }
    }
    public init(wrappedValue: Bool, name: NameSpecification = .long, help: ArgumentHelp? = nil) {
        parsed = .definition { key in
            [
                ArgumentDefinition(
                    kind: .flag,
                    names: name.names(for: key),
                    key: key,
                    help: help?.abstract ?? "",
                    initial: wrappedValue,
                    isRequired: false,
                    parse: { _ in true }
                )
            ]
        }
    }
    public init(from decoder: any Decoder) throws { parsed = .value(try argumentValue(decoder)) }
    func definitions(for key: String) -> [ArgumentDefinition] { parsed.definitions(key) }
}

@propertyWrapper
public struct Option<Value>: Decodable, DefinesArguments {
    var parsed: Parsed<Value>
    public var wrappedValue: Value {
        get { parsed.value("@Option") }
        set { parsed = .value(newValue) }
    }
    public init(wrappedValue: Value, name: NameSpecification = .long, help: ArgumentHelp? = nil)
    where Value: ExpressibleByArgument {
        parsed = .definition {
            Self.one($0, name, help, initial: wrappedValue, required: false) { Value(argument: $0) }
        }
    }
    public init(name: NameSpecification = .long, help: ArgumentHelp? = nil) where Value: ExpressibleByArgument {
        parsed = .definition { Self.one($0, name, help, initial: nil, required: true) { Value(argument: $0) } }
    }
    public init<T: ExpressibleByArgument>(name: NameSpecification = .long, help: ArgumentHelp? = nil)
    where Value == T? {
        parsed = .definition {
            Self.one($0, name, help, initial: Value.none as Any, required: false) { T(argument: $0) }
        }
    }
    static func one(
        _ key: String,
        _ name: NameSpecification,
        _ help: ArgumentHelp?,
        initial: Any?,
        required: Bool,
        parse: @escaping (String) -> Any?
    ) -> [ArgumentDefinition] {
        [
            ArgumentDefinition(
                kind: .option,
                names: name.names(for: key),
                key: key,
                help: help?.abstract ?? "",
                initial: initial,
                isRequired: required,
                allValues: (Value.self as? any ExpressibleByArgument.Type)?.allValueStrings ?? [],
                parse: parse
            )
        ]
    }
    public init(from decoder: any Decoder) throws { parsed = .value(try argumentValue(decoder)) }
    func definitions(for key: String) -> [ArgumentDefinition] { parsed.definitions(key) }
}

@propertyWrapper
public struct Argument<Value>: Decodable, DefinesArguments {
    var parsed: Parsed<Value>
    public var wrappedValue: Value {
        get { parsed.value("@Argument") }
        set { parsed = .value(newValue) }
    }
    public init(help: ArgumentHelp? = nil) where Value: ExpressibleByArgument {
        parsed = .definition {
            [
                ArgumentDefinition(
                    kind: .positional,
                    key: $0,
                    help: help?.abstract ?? "",
                    initial: nil,
                    isRequired: true,
                    parse: { Value(argument: $0) }
                )
            ]
        }
    }
    public init<T: ExpressibleByArgument>(wrappedValue: [T], help: ArgumentHelp? = nil) where Value == [T] {
        parsed = .definition {
            [
                ArgumentDefinition(
                    kind: .repeating,
                    key: $0,
                    help: help?.abstract ?? "",
                    initial: wrappedValue,
                    isRequired: false,
                    parse: { T(argument: $0) }
                )
            ]
        }
    }
    public init(from decoder: any Decoder) throws { parsed = .value(try argumentValue(decoder)) }
    func definitions(for key: String) -> [ArgumentDefinition] { parsed.definitions(key) }
}

@propertyWrapper
public struct OptionGroup<Group: ParsableArguments>: Decodable, DefinesArguments {
    public var wrappedValue: Group
    public init() { wrappedValue = Group() }
    public init(from decoder: any Decoder) throws { wrappedValue = try Group(from: decoder) }
    func definitions(for key: String) -> [ArgumentDefinition] { argumentDefinitions(of: wrappedValue) }
}

func argumentDefinitions(of value: Any) -> [ArgumentDefinition] {
    Mirror(reflecting: value).children.flatMap { child -> [ArgumentDefinition] in
        guard let provider = child.value as? any DefinesArguments, let label = child.label else { return [] }
        return provider.definitions(for: label.hasPrefix("_") ? String(label.dropFirst()) : label)
    }
}
