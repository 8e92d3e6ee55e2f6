// SPDX-License-Identifier: Apache-2.0
// The text format of metrics, version 0.0.4.

/// The lexical rules of the text format.
package enum PrometheusText {
    /// The media type of a metrics page.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// A valid name of a metric or label; other characters become underscores.
    static func name(_ text: String) -> String {
        var name = ""
        for scalar in text.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            let isOther = ("0"..."9").contains(scalar) && !name.isEmpty || scalar == ":"
            name.unicodeScalars.append(isLetter || isOther ? scalar : "_")
        }
        return name.isEmpty ? "_" : name
    }

    /// Labels as they stand between a series' braces, sorted by name: `reason="timeout",worker="marie"`.
    static func labels(_ labels: [(String, String)]) -> String {
        labels.map { (name($0.0), $0.1) }
            .sorted { $0.0 < $1.0 }
            .map { "\($0.0)=\"\(escaped($0.1, quotes: true))\"" }
            .joined(separator: ",")
    }

    /// Text with its backslashes, newlines and, in label values, quotes escaped.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A value; whole numbers without a fraction.
    static func value(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        return special(value) ?? value.description
    }

    /// The bound of a bucket, which is a label and so always written with a fraction: `0.5`, `10.0`, `+Inf`.
    static func bound(_ value: Double) -> String { special(value) ?? value.description }

    private static func special(_ value: Double) -> String? {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : nil
    }

    /// The lines that begin a family.
    static func header(_ family: MetricFamily) -> String {
        let help = family.help.isEmpty ? "" : "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
        return help + "# TYPE \(family.name) \(family.kind.name)\n"
    }
}
