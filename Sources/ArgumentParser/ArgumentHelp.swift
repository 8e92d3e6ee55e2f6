// SPDX-License-Identifier: Apache-2.0
// What the help text says about one argument.

/// Describes an argument in help texts.
public struct ArgumentHelp: ExpressibleByStringInterpolation, Sendable {
    /// One sentence.
    public var abstract: String
    /// More text, shown below the abstract.
    public var discussion: String
    /// The name of the value in usage lines, without angle brackets; the argument's own name when nil.
    public var valueName: String?
    /// Where the argument is shown.
    public var visibility: ArgumentVisibility

    /// Creates a description.
    ///
    /// - Parameters:
    ///   - abstract: One sentence.
    ///   - discussion: More text, shown below the abstract.
    ///   - valueName: The name of the value in usage lines, without angle brackets.
    ///   - visibility: Where the argument is shown.
    public init(
        _ abstract: String = "",
        discussion: String = "",
        valueName: String? = nil,
        visibility: ArgumentVisibility = .default
    ) {
        self.abstract = abstract
        self.discussion = discussion
        self.valueName = valueName
        self.visibility = visibility
    }

    /// Creates a description of one sentence.
    public init(stringLiteral value: String) { self.init(value) }
}

/// Where an argument is shown.
public struct ArgumentVisibility: Hashable, Sendable {
    private enum Base { case visible, hidden }
    private let base: Base

    /// In every help text.
    public static let `default` = Self(base: .visible)
    /// In no help text, except when hidden arguments are asked for.
    public static let hidden = Self(base: .hidden)
}
