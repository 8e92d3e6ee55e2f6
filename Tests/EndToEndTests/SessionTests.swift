// SPDX-License-Identifier: Apache-2.0
// A new user's first session at a terminal; docs/session.md shows it.

import QueueModel
import SystemKit
import TestSupport
import Testing

@Suite("First session", .takesTurns, .guardedAgainstHangs)
struct SessionTests {
    /// What a screen shows, under a heading and behind what there is to say about it.
    private struct Scene {
        let title: String
        let remark: String
        let screen: String
    }

    private static let agent = #"""
        echo "I was asked: $2"
        case "$2" in
        *impossible*) [ -e "${0%/*}/mended" ] || { echo "I cannot do that"; exit 3; } ;;
        *long*) read -r _ <"${0%/*}/gate" ;;
        esac
        """#

    @Test("everything shows on the screen as the page says", .enabled(if: Multiplexer.isInstalled, "needs tmux"))
    func session() async throws {
        let settings = ["LOG_FORMAT": "text", "MAX_RETRIES": "0", "METRICS_PORT": "", "ENABLE_METRICS": "false"]
        try await DaemonFixture.idle(settings) { options in
            options.agent = Self.agent
        } _: { fixture in
            let gate = try fixture.makeGate()
            let windows = Multiplexer(fixture)
            let (you, daemon) = (try await windows.window("you"), try await windows.window("daemon"))
            var scenes = try await begin(fixture, you, daemon)
            scenes += try await fail(fixture, you)
            scenes += try await stop(fixture, you, daemon, gate)
            try await windows.end()
            try await fixture.processes.waitForNone()
            try compare(scenes, fixture)
        }
    }

    private func begin(
        _ fixture: DaemonFixture,
        _ you: Multiplexer.Window,
        _ daemon: Multiplexer.Window
    ) async throws -> [Scene] {
        let setup = try await you.run("vigil setup --workers marie")
        #expect(setup.contains("made   11 directories") && setup.contains("next   vigil doctor"))
        try await daemon.begin("vigil up --workers marie")
        try await daemon.shows("vigil: ready")
        let hello = try await you.run("vigil submit marie --id hello --follow 'Say hello'")
        #expect(hello.contains("attempt 1 of hello") && hello.contains("I was asked: Say hello"))
        _ = try await fixture.heartbeat { $0.stats.tasksProcessed == 1 }
        try await you.begin("vigil status --watch")
        try await you.shows("hello  marie   completed")
        let watched = try await you.screen()
        #expect(watched.contains("1 of 1 worker runs") && watched.contains("hello  marie   completed"))
        // It draws over what is there: one state, however often it was shown.
        #expect(watched.ranges(of: "RECENTLY ENDED").count == 1)
        try await you.press("C-c")
        _ = try await you.end()
        return [
            Scene(title: "Make a queue", remark: "", screen: setup),
            Scene(
                title: "Give it something to do",
                remark: "In another window runs `vigil up --workers marie`. With `--follow` the agent's output comes "
                    + "while it works.",
                screen: hello
            ),
            Scene(title: "Watch", remark: "This stays up to date until Ctrl-C.", screen: watched),
        ]
    }

    private func fail(_ fixture: DaemonFixture, _ you: Multiplexer.Window) async throws -> [Scene] {
        let failed = try await you.run("vigil submit marie --id hard --wait 'Do something impossible'")
        #expect(failed.contains("Error: task hard failed: exit code 3: I cannot do that (exit_code)"))
        let letters = try await you.run("vigil dlq list")
        #expect(letters.contains("hard  marie   max_retries_exceeded"))
        try fixture.scratch.directory.createFile("mended").close()
        let retried = try await you.run("vigil dlq retry hard; vigil wait hard")
        #expect(retried.contains("queued again: hard") && retried.contains("hard  completed"))
        return [
            Scene(title: "When it fails", remark: "", screen: failed),
            Scene(title: "What is left of it", remark: "", screen: letters),
            Scene(title: "Run it again", remark: "The cause is mended meanwhile.", screen: retried),
        ]
    }

    private func stop(
        _ fixture: DaemonFixture,
        _ you: Multiplexer.Window,
        _ daemon: Multiplexer.Window,
        _ gate: Gate
    ) async throws -> [Scene] {
        _ = try await you.run("vigil submit marie --id long 'Think long'")
        _ = try await fixture.heartbeat { $0.activeTasks == 1 }
        try await daemon.press("C-c")
        try await daemon.shows("draining")
        try gate.pass()
        let drained = told(try await daemon.end(), ["draining", "worker stopped"])
        #expect(try await fixture.result(of: "long").status == .completed)

        try await daemon.begin("vigil up --workers marie")
        try await daemon.shows("vigil: ready")
        _ = try await you.run("vigil submit marie --id again 'Think long again'")
        _ = try await fixture.heartbeat { $0.activeTasks == 1 }
        try await daemon.press("C-c")
        try await daemon.shows("draining")
        try await daemon.press("C-c")
        let stopped = told(try await daemon.end(), ["draining", "stopping now", "worker stopped"])
        let listed = try await you.run("vigil list")
        #expect(listed.contains("again  marie   waiting") && listed.contains("long   marie   completed"))
        return [
            Scene(title: "Ctrl-C", remark: "The worker takes nothing new and lets the agent finish.", screen: drained),
            Scene(
                title: "Ctrl-C twice",
                remark: "The agent is ended; its task waits for the next start and loses no attempt.",
                screen: stopped
            ),
            Scene(title: "What is there", remark: "", screen: listed),
        ]
    }

    /// The worker's own lines with these messages, each of which must be there, in this order.
    private func told(_ screen: String, _ messages: [String]) -> String {
        let lines = screen.split(separator: "\n").map(String.init)
        let found = messages.map { message in lines.first { $0.contains(": \(message)") } }
        for (message, line) in zip(messages, found) { #expect(line != nil, "\(message): \(screen)") }
        let places = found.compactMap { $0 }.compactMap(lines.firstIndex)
        #expect(places == places.sorted())
        return found.compactMap { $0 }.joined(separator: "\n")
    }

    // MARK: The page

    /// Compares with the page, but for what is another thing each time; or writes it, as goldens are.
    private func compare(_ scenes: [Scene], _ fixture: DaemonFixture) throws {
        let blocks = scenes.map { scene in
            let remark = scene.remark.isEmpty ? "" : "\(scene.remark)\n\n"
            return "## \(scene.title)\n\n\(remark)```\n\(stable(scene.screen, fixture))\n```\n"
        }
        let intro = "What the screen shows in a first session; a test types it and compares.\n"
        let page = (["# A first session\n", intro] + blocks).joined(separator: "\n")
        let sources = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let docs = try Directory.open("\(sources)/docs")
        if SystemInfo.environment["VIGIL_UPDATE_GOLDENS"] == "1" {
            try AtomicFile.write(
                Array(page.utf8),
                as: "session.md",
                in: docs,
                replacing: true,
                durability: .relaxed
            )
            return
        }
        let shown = String(decoding: try docs.read("session.md", limit: 1 << 20) ?? [], as: UTF8.self)
        #expect(timeless(page) == timeless(shown), "when the change is meant: VIGIL_UPDATE_GOLDENS=1 swift test")
    }

    private func stable(_ screen: String, _ fixture: DaemonFixture) -> String {
        screen.replacing(fixture.root, with: "/tmp/vigil-tour")
            .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/, with: "2026-11-26T10:00:00Z")
            .replacing(/\d+ on [^ ]+/, with: "2031 on vm")
    }

    /// Without durations, and without the widths of columns that follow from them.
    private func timeless(_ page: String) -> String {
        page.replacing(/\d+(\.\d+)?(ms|s|m)\b/, with: "T").replacing(/[ ]+/, with: " ")
    }
}
