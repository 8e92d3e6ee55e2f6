// SPDX-License-Identifier: Apache-2.0
// Options without a value.

/// How the opposite of a flag is spelled.
public struct FlagInversion: Hashable, Sendable {
    private enum Base { case prefixedNo, prefixedEnableDisable }
    private let base: Base

    /// `--color` and `--no-color`.
    public static let prefixedNo = Self(base: .prefixedNo)
    /// `--enable-color` and `--disable-color`.
    public static let prefixedEnableDisable = Self(base: .prefixedEnableDisable)

    func names(_ names: [ArgumentName]) -> (on: [ArgumentName], off: [ArgumentName]) {
        let long = names.filter { !$0.isShort }
        func prefixed(_ prefix: String) -> [ArgumentName] { long.map { ArgumentName(text: "--\(prefix)-\($0.bare)") } }
        return switch base {
        case .prefixedNo: (names, prefixed("no"))
        case .prefixedEnableDisable: (names.filter(\.isShort) + prefixed("enable"), prefixed("disable"))
        }
    }
}

/// An option without a value: given or not, or how many times.
@propertyWrapper
public struct Flag<Value>: Decodable, DefinesArguments {
    var parsed: Parsed<Value>

    /// What was typed, or the default.
    public var wrappedValue: Value {
        get { parsed.value }
        set { parsed = .value(newValue) }
    }

    /// Not to be called: without it the compiler does not look for initialisers without arguments in extensions.
    @available(*, unavailable, message: "the type of this flag cannot be read from the command line")
    public init() { preconditionFailure("unavailable") }

    /// Takes the value from the command line.
    public init(from decoder: any Decoder) throws { parsed = .value(try argumentValue(decoder)) }

    func definitions(for key: String) -> [ArgumentDefinition] { parsed.definitions(for: key) }
}

extension Flag where Value == Bool {
    /// Creates a flag that turns something on.
    ///
    /// - Parameters:
    ///   - wrappedValue: The value when the flag is not given; giving it yields the opposite.
    ///   - name: The flag's names.
    ///   - help: What the help text says.
    public init(wrappedValue: Bool, name: NameSpecification = .long, help: ArgumentHelp? = nil) {
        parsed = .definition { key in
            ArgumentDefinition(
                kind: .flag,
                key: key,
                names: name.names(for: key),
                help: help ?? "",
                initial: wrappedValue,
                store: { _, _ in !wrappedValue }
            )
        }
    }

    /// Creates a flag that turns something on, with an opposite that turns it off.
    ///
    /// - Parameters:
    ///   - wrappedValue: The value when neither is given; of both the last one counts.
    ///   - name: The flag's names.
    ///   - inversion: How the opposite is spelled.
    ///   - help: What the help text says.
    public init(
        wrappedValue: Bool,
        name: NameSpecification = .long,
        inversion: FlagInversion,
        help: ArgumentHelp? = nil
    ) {
        parsed = .definition {
            invertible($0, name, inversion, help, initial: wrappedValue) { $0 }
        }
    }
}

extension Flag where Value == Bool? {
    /// Creates a flag that turns something on, with an opposite that turns it off; nil when neither is given.
    ///
    /// - Parameters:
    ///   - wrappedValue: The value when neither is given; of both the last one counts.
    ///   - name: The flag's names.
    ///   - inversion: How the opposite is spelled.
    ///   - help: What the help text says.
    public init(
        wrappedValue: Bool? = nil,
        name: NameSpecification = .long,
        inversion: FlagInversion,
        help: ArgumentHelp? = nil
    ) {
        parsed = .definition {
            invertible($0, name, inversion, help, initial: wrappedValue) { Bool?.some($0) }
        }
    }
}

extension Flag where Value == Int {
    /// Creates a flag that counts how many times it is given.
    ///
    /// - Parameters:
    ///   - name: The flag's names.
    ///   - help: What the help text says.
    public init(name: NameSpecification = .long, help: ArgumentHelp? = nil) {
        parsed = .definition { key in
            ArgumentDefinition(
                kind: .flag,
                key: key,
                names: name.names(for: key),
                help: help ?? "",
                isRepeating: true,
                initial: 0,
                store: { _, previous in (previous as? Int ?? 0) + 1 }
            )
        }
    }
}

private func invertible<Value>(
    _ key: String,
    _ name: NameSpecification,
    _ inversion: FlagInversion,
    _ help: ArgumentHelp?,
    initial: Bool?,
    wrap: @escaping (Bool) -> Value
) -> ArgumentDefinition {
    let (on, off) = inversion.names(name.names(for: key))
    return ArgumentDefinition(
        kind: .flag,
        key: key,
        names: on,
        inverseNames: off,
        help: help ?? "",
        defaultText: initial.map { ($0 ? on : off).first?.text ?? "" } ?? "",
        initial: initial.map { wrap($0) as Any } ?? Bool?.none as Any,
        store: { typed, _ in wrap(!off.contains { $0.text == typed }) }
    )
}
