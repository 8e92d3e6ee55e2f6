// SPDX-License-Identifier: Apache-2.0
// The configuration file, taken apart into settings, sections of workers and agent profiles.

import QueueModel

/// The parts of a configuration file, not judged yet.
struct ConfigurationDocument: Sendable {
    /// The part for one worker.
    struct Section: Sendable {
        let worker: String
        let members: [ConfigurationMember]
    }

    /// The largest file that is read, in bytes.
    static let maxBytes = 1 << 20
    static let workersKey = "workers"
    static let agentsKey = "agents"
    static let checksKey = "verify"

    private static let sectionKeys = [workersKey, agentsKey, checksKey]

    let path: String
    /// The members that should be settings.
    private(set) var settings: [ConfigurationMember] = []
    /// The sections of single workers.
    private(set) var workerSections: [Section] = []
    /// The members of the section of agents.
    private(set) var agents: [ConfigurationMember] = []
    /// The members of the section of checks.
    private(set) var checks: [ConfigurationMember] = []
    /// What has the wrong form.
    private(set) var problems: [String] = []

    /// Takes a file apart.
    init(path: String, bytes: [UInt8]) {
        self.path = path
        let value: ConfigurationValue
        do throws(ConfigurationSyntaxError) {
            value = try JSON5Reader.read(bytes)
        } catch {
            problems = ["\(path): \(error)"]
            return
        }
        guard case .object(let members) = value else {
            problems = ["\(path): the file must hold one object, in braces"]
            return
        }
        for member in members { add(member) }
    }

    private mutating func add(_ member: ConfigurationMember) {
        switch (member.key, member.value) {
        case (Self.workersKey, .object(let sections)):
            for section in sections { addSection(section) }
        case (Self.agentsKey, .object(let profiles)):
            agents = profiles
        case (Self.checksKey, .object(let members)):
            checks = members
        case (Self.agentsKey, .null), (Self.checksKey, .null):
            break
        case (Self.checksKey, _):
            problems.append("\(Self.checksKey) (\(path)): give an object of checks by their names")
        case (Self.agentsKey, _):
            problems.append("\(Self.agentsKey) (\(path)): give an object of profiles by their names")
        default:
            settings.append(member)
        }
    }

    private mutating func addSection(_ section: ConfigurationMember) {
        guard let worker = WorkerID(bytes: section.key.utf8) else {
            problems.append("\(place(section, in: Self.workersKey)): this is not the name of a worker")
            return
        }
        guard case .object(let members) = section.value else {
            problems.append("\(place(section, in: Self.workersKey)): give an object of settings")
            return
        }
        workerSections.append(Section(worker: worker.string, members: members))
    }

    private func place(_ member: ConfigurationMember, in section: String) -> String {
        "\(section).\(MessageText.excerpt(member.key)) (\(path), line \(member.line))"
    }

    /// The line for a name that means nothing, with the known name that is nearest.
    func unknown(_ member: ConfigurationMember, among known: [String], in source: SettingSource) -> String {
        let names = known + (source == .file(path: path, worker: nil) ? Self.sectionKeys : [])
        let hint = NearestName.of(member.key, in: names).map { "; did you mean \($0)?" } ?? ""
        return "\(MessageText.excerpt(member.key)) (\(source), line \(member.line)): unknown setting\(hint)"
    }
}
