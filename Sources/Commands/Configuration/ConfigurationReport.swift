// SPDX-License-Identifier: Apache-2.0
// All settings for people and for programs.

package import QueueModel
package import Settings

/// Settings with their sources, as `vigil config` shows them.
package struct ConfigurationReport: Sendable {
    /// The version of the JSON form.
    package static let schemaVersion = 1

    private let rows: [SettingRow]
    private let worker: WorkerID?

    /// Prepares settings to be shown.
    /// - Parameters:
    ///   - rows: A row for each setting, in order.
    ///   - worker: Whose they are; `nil` for those of everything that is no single worker.
    package init(_ rows: [SettingRow], worker: WorkerID?) {
        self.rows = rows
        self.worker = worker
    }

    /// All settings as one document.
    package var json: JSONValue {
        [
            "schema_version": .integer(Self.schemaVersion),
            "worker": worker.map { .string($0.string) } ?? .null,
            "settings": .array(rows.map(json)),
        ]
    }

    private func json(_ row: SettingRow) -> JSONValue {
        [
            "name": .string(row.name), "value": .string(row.value), "source": .string(row.source.kind),
            "source_detail": .string(row.source.description), "range": .string(row.range),
            "unit": row.unit.map(JSONValue.string) ?? .null, "group": .string(row.group.rawValue),
            "summary": .string(row.summary),
        ]
    }

    /// A block for each group, with the value, source and range of each setting.
    /// - Parameter width: The most characters of a line; `nil`: no limit.
    /// - Returns: Lines.
    package func text(width: Int?) -> String { text(width: width) { text, _ in text } }

    func text(width: Int?, paint: (String, Output.Style) -> String) -> String {
        // One table, so that the columns of all groups stand below each other.
        var table = Table(["setting", "value", "source", "range"])
        for row in rows { table.add(cells(row)) }
        var lines = table.text(width: width).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var blocks: [String] = [lines.removeFirst()]
        for group in SettingGroup.allCases {
            let members = zip(rows, lines).filter { $0.0.group == group }.map(\.1)
            guard !members.isEmpty else { continue }
            blocks.append(([paint(group.rawValue.uppercased(), .heading)] + members).joined(separator: "\n"))
        }
        return blocks.joined(separator: "\n\n")
    }

    private func cells(_ row: SettingRow) -> [String] {
        [row.name, printable(row.value), printable(row.source.description), row.range]
    }
}

extension SettingSource {
    /// A stable word for the kind of source.
    fileprivate var kind: String {
        switch self {
        case .flag: "flag"
        case .environment: "environment"
        case .file: "file"
        case .default: "default"
        }
    }
}
