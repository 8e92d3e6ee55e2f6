// SPDX-License-Identifier: Apache-2.0
// What an examination found, for people and for programs.

package import QueueModel

/// One thing that was looked at.
package struct Finding: Sendable, Equatable {
    /// How bad it is; the texts are stable.
    package enum Severity: String, Sendable, CaseIterable {
        /// As it should be.
        case ok
        /// Work goes on, but somebody should look.
        case warning
        /// Tasks cannot be taken, run or finished.
        case problem
    }

    /// What was looked at; a stable word.
    package let check: String
    /// How bad it is.
    package let severity: Severity
    /// What was found, in one line.
    package let message: String
    /// What to do about it.
    package let remedy: String?

    private init(_ check: String, _ severity: Severity, _ message: String, _ remedy: String?) {
        self.check = check
        self.severity = severity
        self.message = message
        self.remedy = remedy
    }

    /// Something as it should be.
    /// - Parameters:
    ///   - check: What was looked at.
    ///   - message: What was found.
    /// - Returns: The finding.
    package static func ok(_ check: String, _ message: String) -> Finding { Finding(check, .ok, message, nil) }

    /// Something that somebody should look at.
    /// - Parameters:
    ///   - check: What was looked at.
    ///   - message: What was found.
    ///   - remedy: What to do about it.
    /// - Returns: The finding.
    package static func warning(_ check: String, _ message: String, remedy: String) -> Finding {
        Finding(check, .warning, message, remedy)
    }

    /// Something that keeps tasks from being taken, run or finished.
    /// - Parameters:
    ///   - check: What was looked at.
    ///   - message: What was found.
    ///   - remedy: What to do about it.
    /// - Returns: The finding.
    package static func problem(_ check: String, _ message: String, remedy: String) -> Finding {
        Finding(check, .problem, message, remedy)
    }
}

/// All findings of an examination.
package struct DoctorReport: Sendable {
    /// The version of the JSON form.
    package static let schemaVersion = 1

    /// The findings in the order of the examination.
    package let findings: [Finding]

    /// Puts a report together.
    /// - Parameter findings: In the order of the examination.
    package init(_ findings: [Finding]) { self.findings = findings }

    /// The number of findings of one severity.
    /// - Parameter severity: Which.
    /// - Returns: How many there are.
    package func count(_ severity: Finding.Severity) -> Int { findings.count { $0.severity == severity } }

    /// What the process exits with: 0 without problems, 78 when settings are wrong, else 69.
    package var exitCode: Int32 {
        let problems = findings.filter { $0.severity == .problem }
        if problems.isEmpty { return 0 }
        let code: CommandFailure.Code = problems.contains { $0.check == "settings" } ? .configuration : .unavailable
        return code.rawValue
    }

    /// The findings as one document.
    package var json: JSONValue {
        [
            "schema_version": .integer(Self.schemaVersion), "problems": .integer(count(.problem)),
            "warnings": .integer(count(.warning)),
            "findings": .array(
                findings.map { finding in
                    [
                        "check": .string(finding.check), "severity": .string(finding.severity.rawValue),
                        "message": .string(finding.message),
                        "remedy": finding.remedy.map(JSONValue.string) ?? .null,
                    ]
                }
            ),
        ]
    }

    /// A line for each finding, with its remedy, and a verdict.
    ///
    /// Lines are not cut to the terminal's width: what to do stands at their ends.
    package var text: String { text { text, _ in text } }

    func text(paint: (String, Output.Style) -> String) -> String {
        var table = Table([])
        for finding in findings {
            let line = [finding.message, finding.remedy].compactMap { $0 }.map(printable).joined(separator: "; ")
            table.add([paint(finding.severity.rawValue, finding.severity.style), finding.check, line])
        }
        return table.text(width: nil) + "\n\n" + verdict
    }

    private var verdict: String {
        let counts = [(count(.problem), "problem"), (count(.warning), "warning")].filter { $0.0 > 0 }
            .map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
        return counts.isEmpty ? "all is well" : counts.joined(separator: ", ")
    }
}

extension Finding.Severity {
    fileprivate var style: Output.Style {
        switch self {
        case .ok: .good
        case .warning: .warning
        case .problem: .bad
        }
    }
}
