// SPDX-License-Identifier: Apache-2.0
// Kinds of values that are words, names, paths and commands.

import Agents
import QueueModel

extension ValueKind where Value == Bool {
    /// Yes or no.
    static var boolean: ValueKind {
        ValueKind(
            range: "true, false",
            hint: "give true, false, 1, 0, yes or no",
            placeholder: "true|false",
            forms: [.boolean, .number, .string],
            parse: { text in
                switch text.word?.lowercased() {
                case "true", "1", "yes": true
                case "false", "0", "no": false
                default: nil
                }
            },
            render: { $0 ? "true" : "false" }
        )
    }
}

extension ValueKind where Value: RawRepresentable<String> {
    /// One of a few words, in any case.
    static func choice(_ values: [Value]) -> ValueKind {
        let words = values.map(\.rawValue)
        return ValueKind(
            range: words.joined(separator: ", "),
            hint: "give one of \(words.joined(separator: ", "))",
            placeholder: words.joined(separator: "|"),
            forms: [.string],
            parse: { text in
                guard let word = text.word?.lowercased() else { return nil }
                return values.first { $0.rawValue.lowercased() == word }
            },
            render: { $0.rawValue }
        )
    }
}

extension ValueKind where Value == String {
    /// A path; one that is not absolute lies under the root.
    static func path(_ noun: String) -> ValueKind {
        ValueKind(
            range: "a \(noun)",
            hint: "give the path of a \(noun)",
            placeholder: noun == "directory" ? "DIR" : "FILE",
            forms: [.string],
            parse: { text in
                guard case .text(let path) = text, PathText.isUsable(path) else { return nil }
                return PathText.normalized(path)
            },
            render: { $0 }
        )
    }

    /// The address of a Redis server.
    static var redisURL: ValueKind {
        let schemes = ["redis://", "rediss://", "unix://"]
        return ValueKind(
            range: schemes.joined(separator: " "),
            hint: "give an address that starts with redis://, rediss:// or unix://",
            placeholder: "URL",
            forms: [.string],
            parse: { text in
                guard let url = text.word, url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
                let lower = url.lowercased()
                return schemes.contains { lower.hasPrefix($0) && lower.utf8.count > $0.utf8.count } ? url : nil
            },
            render: { $0 }
        )
    }
}

extension ValueKind where Value == [String] {
    /// A command: a list of words, or one text that is split at spaces with the quotes of a shell.
    static var command: ValueKind {
        ValueKind(
            range: "a command",
            hint: "give a program and its first arguments, with closed quotes",
            placeholder: "COMMAND",
            forms: [.string, .list],
            parse: { text in
                let words: [String]?
                switch text {
                case .text(let line): words = ShellWords.split(line)
                case .list(let list): words = list
                }
                guard let words, words.first?.isEmpty == false,
                    words.allSatisfy({ !$0.utf8.contains(0) })
                else { return nil }
                return words
            },
            render: { ShellWords.join($0) }
        )
    }

    /// Absolute directories, separated by colons.
    static var directories: ValueKind {
        ValueKind(
            range: "absolute directories, separated by \":\"",
            hint: "give absolute directories, separated by \":\"",
            placeholder: "DIR:DIR",
            forms: [.string, .list],
            parse: { text in
                let paths: [String]
                switch text {
                case .text(let line): paths = line == "none" ? [] : line.split(separator: ":").map(String.init)
                case .list(let list): paths = list
                }
                guard paths.allSatisfy({ PathText.isUsable($0) && PathText.isAbsolute($0) }) else { return nil }
                return paths.map(PathText.normalized)
            },
            render: { $0.isEmpty ? "none" : $0.joined(separator: ":") }
        )
    }
}

extension ValueKind where Value == [WorkerID] {
    /// Names of workers, separated by commas.
    static var workers: ValueKind {
        ValueKind(
            range: "1…256 names, separated by commas",
            hint: "give 1 to 256 different names of letters, digits, \"_\" and \"-\", separated by commas",
            placeholder: "NAME,NAME",
            forms: [.string, .list],
            parse: { text in
                let names: [String]
                switch text {
                case .text(let line):
                    names = line.split(separator: ",").compactMap { SettingText.text(String($0)).word }
                case .list(let list): names = list
                }
                // A name that breaks the rule makes the whole list invalid; the hint tells the rule.
                let workers = names.compactMap { try? WorkerID($0) }
                guard 1...256 ~= workers.count, workers.count == names.count, Set(workers).count == workers.count
                else { return nil }
                return workers
            },
            render: { workers in workers.map(\.string).joined(separator: ",") }
        )
    }
}

extension ValueKind where Value == AgentName {
    /// The name of an agent profile.
    static var agentName: ValueKind {
        ValueKind(
            range: "the name of an agent profile",
            hint: "give the name of an agent profile",
            placeholder: "NAME",
            forms: [.string],
            // The hint tells the rule that the name breaks.
            parse: { text in text.word.flatMap { try? AgentName($0) } },
            render: { $0.string }
        )
    }
}

extension ValueKind where Value == BindAddress {
    /// The kernel's limit for the path of a socket, without the final zero byte.
    private static var longestSocketPath: Int { 107 }

    /// A numeric address, `localhost`, or the path of a socket.
    static var bindAddress: ValueKind {
        ValueKind(
            range: "an address, or unix:PATH",
            hint: "give a numeric address such as 127.0.0.1 or ::1, or unix: and an absolute path of at most "
                + "\(longestSocketPath) bytes",
            placeholder: "ADDRESS",
            forms: [.string],
            parse: { text in
                guard let word = text.word else { return nil }
                guard word.hasPrefix("unix:") else { return NetworkAddress.isNumeric(word) ? .host(word) : nil }
                let path = String(word.dropFirst("unix:".count))
                guard PathText.isUsable(path), PathText.isAbsolute(path), path.utf8.count <= longestSocketPath
                else { return nil }
                return .unix(PathText.normalized(path))
            },
            render: { $0.description }
        )
    }
}

/// The text of numeric network addresses.
enum NetworkAddress {
    /// Whether the text is `localhost`, four numbers of IPv4, or has the form of IPv6.
    static func isNumeric(_ text: String) -> Bool {
        if text == "localhost" { return true }
        if text.utf8.contains(UInt8(ascii: ":")) {
            return text.utf8.count <= 45 && text.utf8.allSatisfy { "0123456789abcdefABCDEF:.".utf8.contains($0) }
                && text.split(separator: ":", omittingEmptySubsequences: false).count <= 9
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { !$0.hasPrefix("+") && UInt8($0) != nil }
    }
}
