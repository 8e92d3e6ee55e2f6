// SPDX-License-Identifier: Apache-2.0
// How what was typed becomes the value of an option or positional argument.

/// Makes values of one type from what was typed, for one property.
struct ValueReader {
    var initial: Any?
    var defaultText = ""
    var allValues: [String] = []
    var isRepeating = false
    var store: ArgumentDefinition.Store

    func definition(
        _ kind: ArgumentDefinition.Kind,
        key: String,
        names: [ArgumentName],
        strategy: ParsingStrategy,
        help: ArgumentHelp?
    ) -> ArgumentDefinition {
        ArgumentDefinition(
            kind: kind,
            key: key,
            names: names,
            help: help ?? ArgumentHelp(),
            isRepeating: isRepeating,
            strategy: strategy,
            allValues: allValues,
            defaultText: defaultText,
            initial: initial,
            store: store
        )
    }
}

extension ValueReader {
    /// One value; required when there is no initial one.
    static func one<T: ExpressibleByArgument>(initial: T?) -> Self {
        Self(
            initial: initial,
            defaultText: initial?.defaultValueDescription ?? "",
            allValues: T.allValueStrings,
            store: { typed, _ in T(argument: typed) }
        )
    }

    /// One value or none.
    static func optional<T: ExpressibleByArgument>(initial: T?) -> Self {
        Self(
            initial: .some(initial as Any),
            defaultText: initial?.defaultValueDescription ?? "",
            allValues: T.allValueStrings,
            store: { typed, _ in T(argument: typed) }
        )
    }

    /// Any number of values; at least one when there are no initial ones.
    static func many<T: ExpressibleByArgument>(initial: [T]?) -> Self {
        Self(
            initial: initial,
            defaultText: initial?.map(\.defaultValueDescription).joined(separator: ", ") ?? "",
            allValues: T.allValueStrings,
            isRepeating: true,
            store: { typed, previous in appending(T(argument: typed), to: previous) }
        )
    }

    /// One value made by `transform`; required when there is no initial one.
    static func one<T>(initial: T?, _ transform: @escaping (String) throws -> T) -> Self {
        Self(initial: initial, defaultText: text(of: initial), store: { typed, _ in try transform(typed) })
    }

    /// One value made by `transform`, or none.
    static func optional<T>(initial: T?, _ transform: @escaping (String) throws -> T) -> Self {
        Self(
            initial: .some(initial as Any),
            defaultText: text(of: initial),
            store: { typed, _ in try transform(typed) }
        )
    }

    /// Any number of values made by `transform`; at least one when there are no initial ones.
    static func many<T>(initial: [T]?, _ transform: @escaping (String) throws -> T) -> Self {
        Self(
            initial: initial,
            defaultText: initial?.map(text(of:)).joined(separator: ", ") ?? "",
            isRepeating: true,
            store: { typed, previous in appending(try transform(typed), to: previous) }
        )
    }

    private static func text<T>(of value: T?) -> String {
        switch value {
        case .none: ""
        case .some(let value as any ExpressibleByArgument): value.defaultValueDescription
        case .some(let value): "\(value)"
        }
    }
}
