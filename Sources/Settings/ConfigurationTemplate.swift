// SPDX-License-Identifier: Apache-2.0
// Writes the commented configuration file that a new root starts with.

package import QueueModel

/// The configuration file of a new root: every setting with its meaning, range and default, commented out.
package enum ConfigurationTemplate {
    /// Writes the file.
    ///
    /// - Parameter workers: the workers to set; the setting is left out when empty.
    /// - Returns: JSON5 text that loads without a problem, and still does when any of its settings is uncommented.
    package static func text(workers: [WorkerID] = []) -> String {
        var lines = [
            "// The configuration of Vigil. The file is JSON5: comments, bare keys and commas at the end are fine.",
            "// A flag (--max-retries) comes before an environment variable (MAX_RETRIES), that before this file.",
            "// `vigil config` shows every value in effect and where it came from; `vigil config --check` checks them.",
            "{",
        ]
        for group in SettingGroup.allCases {
            lines += ["  // \(group.rawValue)", ""]
            for setting in Setting.all where setting.group == group && setting.isAllowedInFile {
                lines += entry(for: setting, workers: workers)
            }
        }
        lines += sections + ["}", ""]
        return lines.joined(separator: "\n")
    }

    private static func entry(for setting: Setting, workers: [WorkerID]) -> [String] {
        // The root holds this file, so it cannot say where the root is.
        guard setting.name != "VIGIL_ROOT" else { return [] }
        let unit = setting.unit.map { "; plain numbers are \($0 == "s" ? "seconds" : $0)" } ?? ""
        var lines = [
            "  // \(setting.summary).",
            "  // Default: \(setting.defaultText). Range: \(setting.range)\(unit).",
        ]
        // In lower case this key also holds the sections of single workers; a file can have both in two spellings.
        let key = setting.key == ConfigurationDocument.workersKey ? setting.name : setting.key
        if setting.name == "WORKERS", !workers.isEmpty {
            lines.append("  \(key): [\(workers.map { quoted($0.string) }.joined(separator: ", "))],")
        } else {
            lines.append("  // \(key): \(literal(setting.example ?? setting.defaultText)),")
        }
        return lines + [""]
    }

    private static func literal(_ text: String) -> String {
        text == "true" || text == "false" || DecimalText.parse(text) != nil ? text : quoted(text)
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
        return "\"\(escaped)\""
    }

    private static let sections = """
          // Other values for single workers, by their names; most settings of this file can stand there.
          // workers: { marie: { max_concurrent_tasks: 5, agent: "reviewer" } },

          // Agents by name, for tasks that name one and for `agent`. In a command, {description}, {task_id}, {worker},
          // {attempt}, {session_id} and {system_prompt_file} are replaced. Nothing of it goes through a shell.
          //   kind         "command", "claude-text", "claude", "codex" or "events"; docs/agents.md explains them
          //   prompt       "argument" (the command holds {description}) or "stdin"
          //   environment  variables passed on besides the usual ones; a name may end in *
          // agents: { reviewer: { command: ["my-agent", "--task", "{description}"], environment: ["OPENAI_*"], cwd: "work" } },

          // Checks by name, for agents and tasks that name them in `verify`: commands that decide whether work is done.
          // verify: { tests: { command: ["make", "test"], timeout: "10m" } },
        """.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
}
