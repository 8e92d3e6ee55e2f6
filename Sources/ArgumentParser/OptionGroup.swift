// SPDX-License-Identifier: Apache-2.0
// Arguments that several commands share.

/// Includes the arguments of another type.
@propertyWrapper
public struct OptionGroup<Group: ParsableArguments>: Decodable, DefinesArguments {
    private let title: String
    private let visibility: ArgumentVisibility

    /// The arguments.
    public var wrappedValue: Group

    /// Includes the arguments of `Group`.
    ///
    /// - Parameters:
    ///   - title: The heading of their own section of the help text; empty for none.
    ///   - visibility: Where they are shown.
    public init(title: String = "", visibility: ArgumentVisibility = .default) {
        self.title = title
        self.visibility = visibility
        wrappedValue = Group()
    }

    /// Takes the values from the command line and validates them.
    public init(from decoder: any Decoder) throws {
        title = ""
        visibility = .default
        var group = try Group(from: decoder)
        try group.validate()
        wrappedValue = group
    }

    func definitions(for key: String) -> [ArgumentDefinition] {
        argumentDefinitions(of: wrappedValue, prefix: key + ".").map { definition in
            var definition = definition
            if definition.section.isEmpty { definition.section = title }
            if visibility == .hidden { definition.help.visibility = .hidden }
            return definition
        }
    }
}
