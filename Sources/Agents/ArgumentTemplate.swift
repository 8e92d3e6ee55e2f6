// SPDX-License-Identifier: Apache-2.0
// Command lines with placeholders.

/// Replaces placeholders such as `{task_id}` in the arguments of a profile.
package enum ArgumentTemplate {
    /// What can stand between the braces.
    package enum Placeholder: String, CaseIterable, Sendable {
        case description
        case taskID = "task_id"
        case worker
        case attempt
        case sessionID = "session_id"
        case systemPromptFile = "system_prompt_file"
        case maxCostUSD = "max_cost_usd"
    }

    /// The argument in whose place the arguments of a resumed session are put.
    package static let resume = "{resume}"

    /// Replaces every placeholder once; what a value holds is never looked at again, and other braces stay.
    ///
    /// - Parameters:
    ///   - template: one argument.
    ///   - value: gives the text for a placeholder.
    /// - Returns: the argument with the texts in place.
    package static func filled(_ template: String, _ value: (Placeholder) -> String) -> String {
        var result = String.UnicodeScalarView()
        var rest = template.unicodeScalars[...]
        while let open = rest.firstIndex(of: "{") {
            result.append(contentsOf: rest[..<open])
            rest = rest[open...]
            if let (placeholder, end) = placeholder(atStartOf: rest) {
                result.append(contentsOf: value(placeholder).unicodeScalars)
                rest = rest[end...]
            } else {
                result.append(rest.removeFirst())
            }
        }
        result.append(contentsOf: rest)
        return String(result)
    }

    /// Whether an argument holds the placeholder of the description.
    ///
    /// - Parameter template: one argument.
    /// - Returns: true when the description would become a part of it.
    package static func holdsDescription(_ template: String) -> Bool { holds(.description, template) }

    /// Whether an argument holds a placeholder.
    ///
    /// - Parameters:
    ///   - wanted: the placeholder.
    ///   - template: one argument.
    /// - Returns: true when its text would become a part of the argument.
    package static func holds(_ wanted: Placeholder, _ template: String) -> Bool {
        var isFound = false
        _ = filled(template) { placeholder in
            isFound = isFound || placeholder == wanted
            return ""
        }
        return isFound
    }

    private static func placeholder(
        atStartOf text: Substring.UnicodeScalarView
    ) -> (Placeholder, Substring.UnicodeScalarView.Index)? {
        guard let close = text.firstIndex(of: "}") else { return nil }
        let name = String(text[text.index(after: text.startIndex)..<close])
        return Placeholder(rawValue: name).map { ($0, text.index(after: close)) }
    }
}
