// SPDX-License-Identifier: Apache-2.0
// Positional arguments.

/// A positional argument.
@propertyWrapper
public struct Argument<Value>: Decodable, DefinesArguments {
    private var parsed: Parsed<Value>

    /// What was typed, or the default.
    public var wrappedValue: Value {
        get { parsed.value }
        set { parsed = .value(newValue) }
    }

    /// Not to be called: without it the compiler does not look for initialisers without arguments in extensions.
    @available(*, unavailable, message: "the type of this argument cannot be read from the command line")
    public init() { preconditionFailure("unavailable") }

    /// Takes the value from the command line.
    public init(from decoder: any Decoder) throws { parsed = .value(try argumentValue(decoder)) }

    func definitions(for key: String) -> [ArgumentDefinition] { parsed.definitions(for: key) }

    private init(_ strategy: ParsingStrategy, _ help: ArgumentHelp?, _ values: ValueReader) {
        parsed = .definition { key in
            values.definition(.positional, key: key, names: [], strategy: strategy, help: help)
        }
    }
}

extension Argument where Value: ExpressibleByArgument {
    /// Creates an argument with a default.
    ///
    /// - Parameters:
    ///   - wrappedValue: The value when nothing is typed.
    ///   - help: What the help text says.
    public init(wrappedValue: Value, help: ArgumentHelp? = nil) {
        self.init(.next, help, .one(initial: wrappedValue))
    }

    /// Creates an argument that has to be typed.
    ///
    /// - Parameter help: What the help text says.
    public init(help: ArgumentHelp? = nil) {
        self.init(.next, help, .one(initial: Value?.none))
    }
}

extension Argument {
    /// Creates an argument that may be left out.
    ///
    /// - Parameters:
    ///   - wrappedValue: The value when nothing is typed.
    ///   - help: What the help text says.
    public init<T: ExpressibleByArgument>(wrappedValue: T? = nil, help: ArgumentHelp? = nil) where Value == T? {
        self.init(.next, help, .optional(initial: wrappedValue))
    }

    /// Creates an argument that takes any number of values.
    ///
    /// - Parameters:
    ///   - wrappedValue: The values when nothing is typed.
    ///   - parsing: Which arguments are values.
    ///   - help: What the help text says.
    public init<T: ExpressibleByArgument>(
        wrappedValue: [T],
        parsing: ArgumentArrayParsingStrategy = .remaining,
        help: ArgumentHelp? = nil
    ) where Value == [T] {
        self.init(parsing.base, help, .many(initial: wrappedValue))
    }

    /// Creates an argument that takes one or more values.
    ///
    /// - Parameters:
    ///   - parsing: Which arguments are values.
    ///   - help: What the help text says.
    public init<T: ExpressibleByArgument>(
        parsing: ArgumentArrayParsingStrategy = .remaining,
        help: ArgumentHelp? = nil
    ) where Value == [T] {
        self.init(parsing.base, help, .many(initial: [T]?.none))
    }
}

extension Argument {
    /// Creates an argument that has to be typed, for a type of any kind.
    ///
    /// - Parameters:
    ///   - help: What the help text says.
    ///   - transform: Makes the value from what was typed; what it throws is shown to the user.
    public init(help: ArgumentHelp? = nil, transform: @escaping @Sendable (String) throws -> Value) {
        self.init(.next, help, .one(initial: nil, transform))
    }

    /// Creates an argument that may be left out, for a type of any kind.
    ///
    /// - Parameters:
    ///   - wrappedValue: The value when nothing is typed.
    ///   - help: What the help text says.
    ///   - transform: Makes the value from what was typed; what it throws is shown to the user.
    public init<T>(
        wrappedValue: T? = nil,
        help: ArgumentHelp? = nil,
        transform: @escaping @Sendable (String) throws -> T
    ) where Value == T? {
        self.init(.next, help, .optional(initial: wrappedValue, transform))
    }

    /// Creates an argument that takes any number of values, for a type of any kind.
    ///
    /// - Parameters:
    ///   - wrappedValue: The values when nothing is typed.
    ///   - parsing: Which arguments are values.
    ///   - help: What the help text says.
    ///   - transform: Makes a value from what was typed; what it throws is shown to the user.
    public init<T>(
        wrappedValue: [T],
        parsing: ArgumentArrayParsingStrategy = .remaining,
        help: ArgumentHelp? = nil,
        transform: @escaping @Sendable (String) throws -> T
    ) where Value == [T] {
        self.init(parsing.base, help, .many(initial: wrappedValue, transform))
    }

    /// Creates an argument that takes one or more values, for a type of any kind.
    ///
    /// - Parameters:
    ///   - parsing: Which arguments are values.
    ///   - help: What the help text says.
    ///   - transform: Makes a value from what was typed; what it throws is shown to the user.
    public init<T>(
        parsing: ArgumentArrayParsingStrategy = .remaining,
        help: ArgumentHelp? = nil,
        transform: @escaping @Sendable (String) throws -> T
    ) where Value == [T] {
        self.init(parsing.base, help, .many(initial: nil, transform))
    }
}
