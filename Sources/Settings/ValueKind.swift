// SPDX-License-Identifier: Apache-2.0
// How the text of a setting becomes a value, and what to say when it does not.

/// What a layer gives for a setting, before it is judged.
enum SettingText: Equatable, Sendable {
    case text(String)
    case list([String])

    /// The text, without the white space around it; nil for a list.
    var word: String? {
        guard case .text(let text) = self else { return nil }
        let isSpace = { (scalar: Unicode.Scalar) in scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r"
        }
        var scalars = text.unicodeScalars[...]
        while let first = scalars.first, isSpace(first) { scalars.removeFirst() }
        while let last = scalars.last, isSpace(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// What was given, for messages.
    var excerpt: String {
        switch self {
        case .text(let text): text
        case .list(let texts): "[\(texts.joined(separator: ", "))]"
        }
    }
}

/// The forms in which a value may stand in the configuration file.
struct FileForms: OptionSet, Sendable {
    let rawValue: Int
    static let string = FileForms(rawValue: 1)
    static let number = FileForms(rawValue: 2)
    static let boolean = FileForms(rawValue: 4)
    static let list = FileForms(rawValue: 8)
}

/// How the values of one kind are read, written and described.
struct ValueKind<Value: Sendable>: Sendable {
    /// What is allowed, in short.
    let range: String
    /// What to do instead, as the end of a message.
    let hint: String
    /// What stands for the value in help texts.
    let placeholder: String
    /// The unit of plain numbers.
    var unit: String?
    let forms: FileForms
    let parse: @Sendable (SettingText) -> Value?
    let render: @Sendable (Value) -> String
}

extension ValueKind {
    /// The same kind, where the word `none` stands for no value.
    var optional: ValueKind<Value?> {
        ValueKind<Value?>(
            range: "\(range), or none",
            hint: "\(hint), or none",
            placeholder: placeholder,
            unit: unit,
            forms: forms,
            parse: { text in
                if let word = text.word, word.isEmpty || word == "none" { return .some(nil) }
                return parse(text).map(Optional.some)
            },
            render: { value in value.map(render) ?? "none" }
        )
    }

    /// The same kind for a value that is kept hidden.
    var secret: ValueKind<Secret<Value>> {
        ValueKind<Secret<Value>>(
            range: range,
            hint: hint,
            placeholder: placeholder,
            forms: forms,
            parse: { text in parse(text).map(Secret.init) },
            render: { value in value.description }
        )
    }
}
