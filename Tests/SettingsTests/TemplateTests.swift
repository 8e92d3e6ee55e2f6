// SPDX-License-Identifier: Apache-2.0
// The configuration file that `vigil setup` writes.

import QueueModel
import Settings
import Testing

@Suite struct TemplateTests {
    @Test func theTemplateLoadsAndChangesNothing() throws {
        let loaded = try Given(file: ConfigurationTemplate.text()).load()
        let plain = try Given().load()
        var settings = loaded.settings
        settings.configurationFile = nil
        #expect(settings == plain.settings)
    }

    @Test func theWorkersOfTheSetupAreSet() throws {
        let workers = try [WorkerID("a"), WorkerID("b-1")]
        let text = ConfigurationTemplate.text(workers: workers)
        #expect(try Given(file: text).load().settings.workers == workers)
    }

    @Test func everySettingIsExplained() {
        let text = ConfigurationTemplate.text()
        for setting in Setting.all where setting.isAllowedInFile && setting.name != "VIGIL_ROOT" {
            #expect(text.contains("// \(setting.summary).\n"), "\(setting.name)")
            #expect(text.contains("// \(setting.key == "workers" ? "WORKERS" : setting.key): "), "\(setting.name)")
            #expect(text.contains("Range: \(setting.range)"), "\(setting.name)")
        }
    }

    @Test func everyLineStillLoadsWhenUncommented() throws {
        let lines = ConfigurationTemplate.text().split(separator: "\n").map(String.init)
        let entries = lines.filter { line in
            Setting.all.contains { line.hasPrefix("  // \($0.key): ") || line.hasPrefix("  // \($0.name): ") }
                || line.hasPrefix("  // agents: {") || line.hasPrefix("  // workers: {")
        }
        // All settings but the places of root and file, and the two sections.
        #expect(entries.count == Setting.all.count - 2 + 2)
        let file = "{\n" + entries.map { $0.dropFirst(5) }.joined(separator: "\n") + "\n}"
        #expect(Given(file: file).problems == [])
        #expect(try Given(file: file).load().settings.agents.count == 2)
        #expect(lines.allSatisfy { $0.unicodeScalars.count <= 130 })
        #expect(!lines.contains { $0.hasSuffix(" ") })
    }
}
