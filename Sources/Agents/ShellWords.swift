// SPDX-License-Identifier: Apache-2.0
// Command lines as text: words with the quotes of a shell, and nothing else of it.

/// Splits a text into words as a shell would, without running one or replacing anything.
package enum ShellWords {
    /// Splits at white space outside quotes.
    ///
    /// Single quotes keep everything, double quotes keep all but a backslash before `"` or `\`, and a backslash outside
    /// quotes keeps the next character. `$`, `~`, `*`, `|` and the like mean nothing here.
    ///
    /// - Parameter text: the command line.
    /// - Returns: the words, or nil when a quote is not closed or the text ends in a backslash.
    package static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String.UnicodeScalarView?
        var quote: Unicode.Scalar?
        var scalars = text.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            if scalar == quote {
                quote = nil
            } else if quote == nil, scalar == "'" || scalar == "\"" {
                quote = scalar
                word = word ?? String.UnicodeScalarView()
            } else if scalar == "\\", quote != "'" {
                guard let next = scalars.popFirst() else { return nil }
                if quote == "\"", next != "\"", next != "\\" { word = (word ?? .init()) + ["\\"] }
                word = (word ?? .init()) + [next]
            } else if quote == nil, scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" {
                if let done = word { words.append(String(done)) }
                word = nil
            } else {
                word = (word ?? .init()) + [scalar]
            }
        }
        guard quote == nil else { return nil }
        if let done = word { words.append(String(done)) }
        return words
    }

    /// Writes words so that ``split(_:)`` gives them back.
    ///
    /// - Parameter words: the words.
    /// - Returns: the words with single quotes around those that need them.
    package static func join(_ words: [String]) -> String {
        words.map { word in
            let isPlain = word.utf8.allSatisfy { byte in
                "-_=+,.:/@%".utf8.contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            }
            if isPlain, !word.isEmpty { return word }
            let parts = word.unicodeScalars.split(separator: "'", omittingEmptySubsequences: false).map(String.init)
            return "'" + parts.joined(separator: #"'\''"#) + "'"
        }.joined(separator: " ")
    }
}
