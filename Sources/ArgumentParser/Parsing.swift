// SPDX-License-Identifier: Apache-2.0
// From tokens to values.

public struct ValidationError: Error, CustomStringConvertible, Sendable {
    public let description: String
    public init(_ message: String) { description = message }
}

enum CommandSignal: Error { case help, version }

struct CommandError: Error {
    var underlying: any Error
    var stack: [any ParsableCommand.Type]
}

struct CommandLineParser {
    var definitions: [ArgumentDefinition]

    func parse(_ arguments: [String]) throws -> [String: Any] {
        var values: [String: Any] = [:]
        for definition in definitions where definition.initial != nil { values[definition.key] = definition.initial }
        var seen: Set<String> = []
        var positionals: [String] = []
        var rest = arguments[...]
        while let token = rest.popFirst() {
            if token == "--" {
                positionals += rest
                break
            }
            guard token.hasPrefix("-"), token != "-" else {
                positionals.append(token)
                continue
            }
            if token == "--help" || token == "-h" { throw CommandSignal.help }
            if token == "--version" { throw CommandSignal.version }
            let parts = token.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let definition = definitions.first(where: { $0.names.contains(parts[0]) }) else {
                throw ValidationError("Unknown option '\(parts[0])'")
            }
            seen.insert(definition.key)
            if definition.kind == .flag {
                values[definition.key] = true
                continue
            }
            guard let raw = parts.count == 2 ? parts[1] : rest.popFirst() else {
                throw ValidationError("Missing value for '\(parts[0]) <\(parts[0].drop { $0 == "-" })>'")
            }
            values[definition.key] = try convert(raw, with: definition)
        }
        for definition in definitions {
            switch definition.kind {
            case .positional where !positionals.isEmpty:
                values[definition.key] = try convert(positionals.removeFirst(), with: definition)
                seen.insert(definition.key)
            case .repeating where !positionals.isEmpty:
                values[definition.key] = try collect(positionals, with: definition)
                positionals = []
            default: break
            }
            if definition.isRequired, !seen.contains(definition.key) {
                throw ValidationError("Missing expected argument '\(definition.names.first ?? "<\(definition.key)>")'")
            }
        }
        if let extra = positionals.first { throw ValidationError("Unexpected argument '\(extra)'") }
        return values
    }

    private func convert(_ raw: String, with definition: ArgumentDefinition) throws -> Any {
        guard let value = definition.parse(raw) else {
            let choices =
                definition.allValues.isEmpty
                ? "" : ". Please provide one of \(definition.allValues.joined(separator: ", "))."
            throw ValidationError(
                "The value '\(raw)' is invalid for '\(definition.names.first ?? "<\(definition.key)>")'\(choices)"
            )
        }
        return value
    }

    /// Rebuilds a typed array: `[Any]` would not cast to `[T]` element by element when empty.
    private func collect(_ raws: [String], with definition: ArgumentDefinition) throws -> Any {
        let values = try raws.map { try convert($0, with: definition) }
        func typed<T>(_ first: T) -> Any { values.compactMap { $0 as? T } }
        guard let first = values.first else { return values }
        return _openExistential(first, do: typed)
    }
}
