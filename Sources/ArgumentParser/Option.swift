// SPDX-License-Identifier: Apache-2.0
// Options with a value.

/// An option with a value: `--name value` or `--name=value`.
@propertyWrapper
public struct Option<Value>: Decodable, DefinesArguments {
    private var parsed: Parsed<Value>

    /// What was typed, or the default.
    public var wrappedValue: Value {
        get { parsed.value }
        set { parsed = .value(newValue) }
    }

    /// Not to be called: without it the compiler does not look for initialisers without arguments in extensions.
    @available(*, unavailable, message: "the type of this option cannot be read from the command line")
    public init() { preconditionFailure("unavailable") }

    /// Takes the value from the command line.
    public init(from decoder: any Decoder) throws { parsed = .value(try argumentValue(decoder)) }

    func definitions(for key: String) -> [ArgumentDefinition] { parsed.definitions(for: key) }

    private init(
        _ name: NameSpecification,
        _ strategy: ParsingStrategy,
        _ help: ArgumentHelp?,
        _ values: ValueReader
    ) {
        parsed = .definition { key in
            values.definition(.option, key: key, names: name.names(for: key), strategy: strategy, help: help)
        }
    }
}

extension Option where Value: ExpressibleByArgument {
    /// Creates an option with a default.
    ///
    /// - Parameters:
    ///   - wrappedValue: The value when the option is not given.
    ///   - name: The option's names.
    ///   - parsing: Which argument is the value.
    ///   - help: What the help text says.
    public init(
        wrappedValue: Value,
        name: NameSpecification = .long,
        parsing: SingleValueParsingStrategy = .next,
        help: ArgumentHelp? = nil
    ) {
        self.init(name, parsing.base, help, .one(initial: wrappedValue))
    }

    /// Creates an option that has to be given.
    ///
    /// - Parameters:
    ///   - name: The option's names.
    ///   - parsing: Which argument is the value.
    ///   - help: What the help text says.
    public init(
        name: NameSpecification = .long,
        parsing: SingleValueParsingStrategy = .next,
        help: ArgumentHelp? = nil
    ) {
        self.init(name, parsing.base, help, .one(initial: Value?.none))
    }
}

extension Option {
    /// Creates an option that may be left out.
    ///
    /// - Parameters:
    ///   - wrappedValue: The value when the option is not given.
    ///   - name: The option's names.
    ///   - parsing: Which argument is the value.
    ///   - help: What the help text says.
    public init<T: ExpressibleByArgument>(
        wrappedValue: T? = nil,
        name: NameSpecification = .long,
        parsing: SingleValueParsingStrategy = .next,
        help: ArgumentHelp? = nil
    ) where Value == T? {
        self.init(name, parsing.base, help, .optional(initial: wrappedValue))
    }

    /// Creates an option that may be repeated.
    ///
    /// - Parameters:
    ///   - wrappedValue: The values when the option is not given.
    ///   - name: The option's names.
    ///   - parsing: Which arguments are values.
    ///   - help: What the help text says.
    public init<T: ExpressibleByArgument>(
        wrappedValue: [T],
        name: NameSpecification = .long,
        parsing: ArrayParsingStrategy = .singleValue,
        help: ArgumentHelp? = nil
    ) where Value == [T] {
        self.init(name, parsing.base, help, .many(initial: wrappedValue))
    }

    /// Creates an option that has to be given, and may be repeated.
    ///
    /// - Parameters:
    ///   - name: The option's names.
    ///   - parsing: Which arguments are values.
    ///   - help: What the help text says.
    public init<T: ExpressibleByArgument>(
        name: NameSpecification = .long,
        parsing: ArrayParsingStrategy = .singleValue,
        help: ArgumentHelp? = nil
    ) where Value == [T] {
        self.init(name, parsing.base, help, .many(initial: [T]?.none))
    }
}

extension Option {
    /// Creates an option with a default, for a type of any kind.
    ///
    /// - Parameters:
    ///   - wrappedValue: The value when the option is not given.
    ///   - name: The option's names.
    ///   - parsing: Which argument is the value.
    ///   - help: What the help text says.
    ///   - transform: Makes the value from what was typed; what it throws is shown to the user.
    public init(
        wrappedValue: Value,
        name: NameSpecification = .long,
        parsing: SingleValueParsingStrategy = .next,
        help: ArgumentHelp? = nil,
        transform: @escaping @Sendable (String) throws -> Value
    ) {
        self.init(name, parsing.base, help, .one(initial: wrappedValue, transform))
    }

    /// Creates an option that has to be given, for a type of any kind.
    ///
    /// - Parameters:
    ///   - name: The option's names.
    ///   - parsing: Which argument is the value.
    ///   - help: What the help text says.
    ///   - transform: Makes the value from what was typed; what it throws is shown to the user.
    public init(
        name: NameSpecification = .long,
        parsing: SingleValueParsingStrategy = .next,
        help: ArgumentHelp? = nil,
        transform: @escaping @Sendable (String) throws -> Value
    ) {
        self.init(name, parsing.base, help, .one(initial: nil, transform))
    }

    /// Creates an option that may be left out, for a type of any kind.
    ///
    /// - Parameters:
    ///   - wrappedValue: The value when the option is not given.
    ///   - name: The option's names.
    ///   - parsing: Which argument is the value.
    ///   - help: What the help text says.
    ///   - transform: Makes the value from what was typed; what it throws is shown to the user.
    public init<T>(
        wrappedValue: T? = nil,
        name: NameSpecification = .long,
        parsing: SingleValueParsingStrategy = .next,
        help: ArgumentHelp? = nil,
        transform: @escaping @Sendable (String) throws -> T
    ) where Value == T? {
        self.init(name, parsing.base, help, .optional(initial: wrappedValue, transform))
    }

    /// Creates an option that may be repeated, for a type of any kind.
    ///
    /// - Parameters:
    ///   - wrappedValue: The values when the option is not given.
    ///   - name: The option's names.
    ///   - parsing: Which arguments are values.
    ///   - help: What the help text says.
    ///   - transform: Makes a value from what was typed; what it throws is shown to the user.
    public init<T>(
        wrappedValue: [T],
        name: NameSpecification = .long,
        parsing: ArrayParsingStrategy = .singleValue,
        help: ArgumentHelp? = nil,
        transform: @escaping @Sendable (String) throws -> T
    ) where Value == [T] {
        self.init(name, parsing.base, help, .many(initial: wrappedValue, transform))
    }
}
