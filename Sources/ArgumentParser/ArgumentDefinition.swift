// SPDX-License-Identifier: Apache-2.0
// One thing the command line can contain, and how definitions are collected from a command.

/// One thing the command line can contain.
struct ArgumentDefinition {
    /// How the argument is recognised.
    enum Kind { case flag, option, positional }

    /// Makes the new value from what was typed and the value so far; nil means that it is not valid.
    ///
    /// A flag gets the name that was typed.
    typealias Store = (_ typed: String, _ previous: Any?) throws -> Any?

    var kind: Kind
    var key: String
    var names: [ArgumentName] = []
    /// The names that mean the opposite of a flag.
    var inverseNames: [ArgumentName] = []
    var help = ArgumentHelp()
    var section = ""
    var isRepeating = false
    var strategy = ParsingStrategy.next
    var allValues: [String] = []
    var defaultText = ""
    /// The value when nothing is typed; nil when something has to be.
    var initial: Any?
    var store: Store

    var isRequired: Bool { initial == nil }
    var isHidden: Bool { help.visibility == .hidden }

    /// The name to use in a sentence: long if there is one.
    var preferredName: ArgumentName? { names.first { !$0.isShort } ?? names.first }

    var valueName: String {
        help.valueName ?? preferredName?.bare ?? String(key.split(separator: ".").last ?? "").kebabCased
    }

    /// How the argument is written in error sentences: `<worker>`, `--id <id>`, `--force`.
    var synopsis: String {
        guard let name = preferredName?.text else { return "<\(valueName)>" + (isRepeating ? " ..." : "") }
        return kind == .flag ? name : "\(name) <\(valueName)>"
    }

    func isNamed(_ text: String) -> Bool { (names + inverseNames).contains { $0.text == text } }
}

/// A property wrapper that contributes to the command line.
protocol DefinesArguments {
    func definitions(for key: String) -> [ArgumentDefinition]
}

/// A property is either a definition, before parsing, or a value.
enum Parsed<Value> {
    case definition((_ key: String) -> ArgumentDefinition)
    case value(Value)

    var value: Value {
        guard case .value(let value) = self else {
            preconditionFailure("a property of a command was read before the command line was parsed")
        }
        return value
    }

    func definitions(for key: String) -> [ArgumentDefinition] {
        guard case .definition(let make) = self else { return [] }
        return [make(key)]
    }
}

/// The definitions in the properties of a command or option group, in order.
///
/// - Parameters:
///   - value: A fresh instance.
///   - prefix: The path of properties to the instance, with a dot at its end.
/// - Returns: The definitions, with keys that are paths of properties.
func argumentDefinitions(of value: Any, prefix: String = "") -> [ArgumentDefinition] {
    Mirror(reflecting: value).children.flatMap { child -> [ArgumentDefinition] in
        guard let provider = child.value as? any DefinesArguments, let label = child.label else { return [] }
        // The storage of a wrapped property `name` is called `_name`.
        return provider.definitions(for: prefix + (label.hasPrefix("_") ? String(label.dropFirst()) : label))
    }
}

/// Appends to the values typed so far; the first one typed replaces the default.
func appending<Element>(_ element: Element?, to previous: Any?) -> Any? {
    element.map { (previous as? [Element] ?? []) + [$0] }
}
