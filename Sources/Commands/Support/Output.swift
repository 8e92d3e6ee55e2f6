// SPDX-License-Identifier: Apache-2.0
// Where a command's data and talk go, and in which form.

import ArgumentParser
import QueueModel
import SystemKit

/// The forms of a command's data.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON with stable field names.")
    var json = false
    @Flag(name: .customLong("no-color"), help: "Print no colours, as NO_COLOR does.")
    var noColor = false

    /// Where and how to print.
    var output: Output { Output(isJSON: json, mayUseColor: !noColor) }
}

/// Data goes to standard output; progress, prompts and warnings go to standard error.
struct Output: Sendable {
    /// Whether data is JSON.
    let isJSON: Bool
    /// Whether text on standard output may be coloured.
    let usesColor: Bool

    /// The most characters of a line: `COLUMNS`, else what the terminal says; nil where lines have no limit.
    static var width: Int? {
        if let columns = SystemInfo.environment["COLUMNS"].flatMap({ Int($0) }), columns > 0 { return columns }
        return SystemInfo.terminalWidth(1)
    }

    /// Looks at the process's standard output and environment.
    init(isJSON: Bool = false, mayUseColor: Bool = true) {
        self.isJSON = isJSON
        let noColor = SystemInfo.environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        usesColor = mayUseColor && !isJSON && !noColor && SystemInfo.isTerminal(1)
    }

    /// The one switch over the forms.
    /// - Parameters:
    ///   - payload: The data.
    ///   - display: The same for people.
    func render(_ payload: @autoclosure () -> JSONValue, _ display: @autoclosure () -> String) {
        if isJSON {
            Output.write(JSONWriter.bytes(payload(), pretty: false) + [UInt8(ascii: "\n")])
        } else {
            let text = display()
            Output.write(Array((text.isEmpty || text.hasSuffix("\n") ? text : text + "\n").utf8))
        }
    }

    /// Prints bytes as they are.
    ///
    /// A reader that has gone away is no error: there is nobody to tell.
    static func write(_ bytes: [UInt8]) {
        // As said above.
        _ = try? writeStandardOutput(bytes)
    }

    /// Says something to the person, not to the program that reads the data.
    static func note(_ text: String) {
        // Nobody listens when standard error is closed.
        _ = try? writeStandardError(Array((text + "\n").utf8))
    }

    /// Asks the person something; the answer is to be typed on the same line.
    static func ask(_ question: String) {
        // Nobody answers when standard error is closed.
        _ = try? writeStandardError(Array(question.utf8))
    }

    /// Colours a text, where colours are used.
    func styled(_ text: String, _ style: Style) -> String {
        usesColor ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// The few colours, by what they say.
    enum Style: String, Sendable {
        case good = "32"
        case bad = "31"
        case warning = "33"
        case faint = "2"
        case heading = "1"
    }
}

/// Text from outside, safe to show on a terminal: control characters are written as escapes.
func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
            result += "\\u{" + String(scalar.value, radix: 16) + "}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
