// SPDX-License-Identifier: Apache-2.0
// From what was typed to values.

/// An error in what was typed.
struct ParserError: Error {
    var message: String
    /// A line of help on the argument that the error is about; empty for none.
    var help = ""

    init(_ message: String, about argument: ArgumentDefinition? = nil) {
        self.message = message
        guard let argument, !argument.help.abstract.isEmpty else { return }
        help = "\(argument.synopsis)  \(argument.help.abstract)"
    }
}

/// Reads one command's arguments.
///
/// Tokens are compared and split by Unicode scalars, so that a combining mark hides
/// neither a dash nor an equals sign.
struct CommandLineParser {
    let definitions: [ArgumentDefinition]
    let hasVersion: Bool
    private var rest: ArraySlice<String> = []
    private var typed: [String: Any] = [:]
    private var unexpected: [String] = []
    private var positionals: ArraySlice<ArgumentDefinition>

    init(definitions: [ArgumentDefinition], hasVersion: Bool) {
        self.definitions = definitions
        self.hasVersion = hasVersion
        positionals = definitions.filter { $0.kind == .positional }[...]
    }

    /// The values of all definitions, by key.
    ///
    /// - Parameter arguments: What was typed after the command's name.
    /// - Returns: The values, typed or default.
    /// - Throws: ``CleanExit`` for help and version; ``ParserError`` for what cannot be understood.
    mutating func parse(_ arguments: [String]) throws -> [String: Any] {
        rest = arguments[...]
        do {
            while let token = rest.popFirst() { try consume(token) }
            if !unexpected.isEmpty { throw unexpectedArguments }
        } catch let error as ParserError {
            // Whoever asks for help gets it, even after a mistake.
            let options = rest.prefix { $0 != "--" }
            if options.contains(where: { $0 == "--help" || $0 == "-h" }) { throw CleanExit.helpRequest() }
            throw error
        }
        return try definitions.reduce(into: [:]) { values, definition in
            guard let value = typed[definition.key] ?? definition.initial else {
                throw ParserError("Missing expected argument '\(definition.synopsis)'", about: definition)
            }
            values[definition.key] = value
        }
    }

    private mutating func consume(_ token: String) throws {
        if token == "--" {
            while let token = rest.popFirst() { try positional(token) }
        } else if isOption(token) {
            try option(token)
        } else {
            try positional(token)
        }
    }

    private mutating func positional(_ token: String) throws {
        guard let definition = positionals.first else {
            unexpected.append(token)
            return
        }
        try store(token, in: definition)
        guard definition.isRepeating else { return positionals = positionals.dropFirst() }
        guard definition.strategy == .captureForPassthrough else { return }
        while let token = rest.popFirst() { try store(token, in: definition) }
    }

    private mutating func option(_ token: String) throws {
        let (name, value) = token.splitAtEquals
        if let definition = definitions.first(where: { $0.isNamed(name) }) {
            try apply(definition, typedAs: name, value: value)
        } else if name == "--help" || name == "-h" {
            throw CleanExit.helpRequest()
        } else if name == "--version", hasVersion {
            throw CleanExit.version
        } else if token.hasScalarPrefix("--") {
            throw unknownOption(name)
        } else {
            try bundle(token)
        }
    }

    /// Several short flags after one dash, the last of which may be an option with a value; or a short option with
    /// its value joined to it.
    private mutating func bundle(_ token: String) throws {
        let (name, value) = token.splitAtEquals
        let letters = name.dropFirst()
        let found = letters.map { letter in definitions.first { $0.isNamed("-" + String(letter)) } }
        if let first = letters.first, let definition = found.first ?? nil, definition.kind == .option,
            definition.names.contains(where: { $0.text == "-" + String(first) && $0.allowsJoinedValue })
        {
            return try apply(definition, typedAs: "-" + String(first), value: String(token.dropFirst(2)))
        }
        let known = found.compactMap { $0 }
        guard !letters.isEmpty, known.count == letters.count, known.dropLast().allSatisfy({ $0.kind == .flag }) else {
            throw unknownOption(name)
        }
        for (index, (letter, definition)) in zip(letters, known).enumerated() {
            let isLast = index == letters.count - 1
            try apply(definition, typedAs: "-" + String(letter), value: isLast ? value : nil)
        }
    }

    private mutating func apply(_ definition: ArgumentDefinition, typedAs name: String, value: String?) throws {
        guard definition.kind == .option else {
            guard value == nil else { throw ParserError("The flag '\(name)' takes no value") }
            typed[definition.key] = try definition.store(name, typed[definition.key])
            return
        }
        if let value { return try store(value, in: definition) }
        switch definition.strategy {
        case .next, .captureForPassthrough:
            try store(try nextValue(of: definition), in: definition)
        case .unconditional:
            guard let value = rest.popFirst() else { throw missingValue(of: definition) }
            try store(value, in: definition)
        case .upToNextOption:
            repeat { try store(try nextValue(of: definition), in: definition) } while rest.first.map(isValue) ?? false
        case .remaining:
            while let value = rest.popFirst() { try store(value, in: definition) }
        }
    }

    private mutating func nextValue(of definition: ArgumentDefinition) throws -> String {
        guard let value = rest.first, isValue(value) else { throw missingValue(of: definition) }
        rest = rest.dropFirst()
        return value
    }

    private mutating func store(_ value: String, in definition: ArgumentDefinition) throws {
        var reason = ""
        do {
            if let result = try definition.store(value, typed[definition.key]) {
                typed[definition.key] = result
                return
            }
            reason = choices(of: definition)
        } catch {
            reason = ": \(error)"
        }
        let message = "The value '\(value)' is invalid for '\(definition.synopsis)'\(reason)"
        throw ParserError(message, about: definition)
    }
}

extension CommandLineParser {
    /// Whether a token is read as an option.
    ///
    /// One dash alone and a negative number are values, the latter unless there
    /// is an option with that digit.
    func isOption(_ token: String) -> Bool {
        var scalars = token.unicodeScalars[...]
        guard scalars.popFirst() == "-", let second = scalars.popFirst() else { return false }
        let number = second == "." ? scalars.first : second
        guard let number, ("0"..."9").contains(number) else { return true }
        return definitions.contains { $0.isNamed("-" + String(number)) }
    }

    private func isValue(_ token: String) -> Bool { token != "--" && !isOption(token) }

    private var unexpectedArguments: ParserError {
        let list = unexpected.map { "'\($0)'" }.joined(separator: ", ")
        return ParserError(
            unexpected.count == 1
                ? "Unexpected argument \(list)" : "\(unexpected.count) unexpected arguments: \(list)"
        )
    }

    private func missingValue(of definition: ArgumentDefinition) -> ParserError {
        ParserError("Missing value for '\(definition.synopsis)'", about: definition)
    }

    private func choices(of definition: ArgumentDefinition) -> String {
        guard let last = definition.allValues.last else { return "" }
        let others = definition.allValues.dropLast().map { "'\($0)'" }.joined(separator: ", ")
        return ". Please provide one of \(others.isEmpty ? "" : others + " or ")'\(last)'."
    }

    private func unknownOption(_ name: String) -> ParserError {
        let visible = definitions.filter { !$0.isHidden }
        let own = visible.flatMap { ($0.names + $0.inverseNames).filter { !$0.isShort }.map(\.text) }
        let known = own + ["--help"] + (hasVersion ? ["--version"] : [])
        let hint = nearest(to: name, among: known).map { ". Did you mean '\($0)'?" } ?? ""
        return ParserError("Unknown option '\(name)'\(hint)")
    }
}

extension String {
    /// The part before the first equals sign and, when there is one, the part after it.
    var splitAtEquals: (name: String, value: String?) {
        guard let index = unicodeScalars.firstIndex(of: "=") else { return (self, nil) }
        let value = unicodeScalars[unicodeScalars.index(after: index)...]
        return (String(unicodeScalars[..<index]), String(value))
    }

    func hasScalarPrefix(_ prefix: String) -> Bool { unicodeScalars.starts(with: prefix.unicodeScalars) }
}
