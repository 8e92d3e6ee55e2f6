// SPDX-License-Identifier: Apache-2.0
// How many of the following arguments an option or a positional argument takes.

/// Which of the following arguments are values.
enum ParsingStrategy {
    case next
    case unconditional
    case upToNextOption
    case remaining
    case captureForPassthrough
}

/// How an option finds its one value.
public struct SingleValueParsingStrategy: Hashable, Sendable {
    let base: ParsingStrategy

    /// The next argument, unless that is an option; negative numbers are values.
    public static let next = Self(base: .next)
    /// The next argument, whatever it is.
    public static let unconditional = Self(base: .unconditional)
}

/// How an option finds the values of its array.
public struct ArrayParsingStrategy: Hashable, Sendable {
    let base: ParsingStrategy

    /// One value each time the option is given.
    public static let singleValue = Self(base: .next)
    /// One value each time the option is given, even if it looks like an option.
    public static let unconditionalSingleValue = Self(base: .unconditional)
    /// All values up to the next option.
    public static let upToNextOption = Self(base: .upToNextOption)
    /// Everything that follows, options included.
    public static let remaining = Self(base: .remaining)
}

/// How a positional argument finds the values of its array.
public struct ArgumentArrayParsingStrategy: Hashable, Sendable {
    let base: ParsingStrategy

    /// All positional arguments that are left; options may stand between them.
    public static let remaining = Self(base: .next)
    /// Everything from the first positional argument or `--` on, options included.
    public static let captureForPassthrough = Self(base: .captureForPassthrough)
}
