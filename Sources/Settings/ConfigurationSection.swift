// SPDX-License-Identifier: Apache-2.0
// What the readers of named objects in the configuration file have in common.

/// The members of an object of which the keys are fixed.
struct ConfigurationSection {
    /// What stands under the keys that are known; `null` counts as absent.
    private(set) var values: [String: ConfigurationValue] = [:]
    /// What is wrong, each with the key at which it stands.
    private(set) var problems: [(key: String, text: String)] = []

    /// Sorts members into those that are known, and those that are not.
    init(_ members: [ConfigurationMember], keys: [String]) {
        for member in members {
            if keys.contains(member.key) {
                if member.value != .null { values[member.key] = member.value }
            } else {
                let nearest = NearestName.of(member.key, in: keys).map { "did you mean \($0)?" }
                let text = nearest ?? "give one of \(keys.joined(separator: ", "))"
                problems.append((MessageText.excerpt(member.key), text))
            }
        }
    }
}

extension ConfigurationValue {
    /// The text of a number or a string, as settings outside of the file have it; nil for anything else.
    var scalarText: String? {
        switch self {
        case .number(let text), .string(let text): text
        default: nil
        }
    }

    /// A program and its arguments, from a list or a line; nil when it is neither.
    var commandWords: [String]? {
        let text: SettingText? = if case .string(let line) = self { .text(line) } else { strings.map(SettingText.list) }
        return text.flatMap { ValueKind<[String]>.command.parse($0) }
    }
}
