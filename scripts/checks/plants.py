# SPDX-License-Identifier: Apache-2.0
# What the self-test plants: a clean package, and for each rule files with violations (lines that end in `<-`).

_HEAD = "// SPDX-License-Identifier: Apache-2.0\n// Planted.\n"

_MANIFEST = """\
// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "planted",
    targets: [
        .target(name: "CBottom"),
        .target(name: "Alpha", dependencies: ["CBottom"]),
        .target(name: "Beta", dependencies: ["Alpha"]),
        .testTarget(name: "AlphaTests", dependencies: ["Alpha"]),
    ]
)
"""

CLEAN = {
    "Package.swift": _MANIFEST,
    ".swift-format": '{ "version": 1, "lineLength": 100, "indentation": { "spaces": 4 } }\n',
    "Sources/CBottom/bottom.c": "// SPDX-License-Identifier: Apache-2.0\n// Nothing.\n#include \"bottom.h\"\n",
    "Sources/CBottom/include/bottom.h": "// SPDX-License-Identifier: Apache-2.0\n// Nothing.\n#pragma once\n",
    "Sources/Alpha/Alpha.swift": _HEAD + "\n/// The first letter.\npackage struct Alpha {}\n",
    "Sources/Beta/Beta.swift": _HEAD + "\nimport Alpha\n\n/// The second letter.\npackage struct Beta {}\n",
    "Tests/AlphaTests/AlphaTests.swift": _HEAD + "\nimport Alpha\nimport Testing\n",
    "scripts/run": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\nexec true\n",
    "README.md": "A package to plant violations in.\n",
}

_IMPORTS = {
    "Sources/Beta/Beta.swift": _HEAD
    + """
import Alpha
import CBottom <-
import FoundationEssentials
import Synchronization
package import struct Gamma.Delta <-
@preconcurrency import Alpha
// import Commented
let text = "import Quoted"
""",
    "Tests/AlphaTests/AlphaTests.swift": _HEAD + "import Alpha\nimport Beta <-\nimport Testing\nimport XCTest <-\n",
}

_CALLS = {
    "Sources/Alpha/Bans.swift": _HEAD
    + """
import Dispatch <-
import Foundation <-
import Glibc <-
@testable import Beta <-
func planted() async throws {
    try await Task.sleep(for: .seconds(1)) <-
    usleep(10) <-
    _ = Date() <-
    _ = Date.now <-
    _ = UUID() <-
    _ = Int.random(in: 0..<9) <-
    _ = [1, 2].shuffled() <-
    var generator = SystemRandomNumberGenerator() <-
    DispatchQueue.main.async {} <-
    fatalError("here") <-
    try! planted() <-
    _ = 1 as! Int <-
    print("here") <-
    debugPrint("here") <-
    _ = "\\(Date())" <-
    _ = \"\"\"
        \\(UUID()) <-
        \"\"\"
    _ = #"\\#(UUID())"# <-
}
struct Box: @unchecked Sendable {} <-
nonisolated(unsafe) var count = 0 <-
public struct Shown {} <-
open class Wide {} <-
""",
    "Sources/Alpha/Reasons.swift": _HEAD
    + """
func planted() {
    _ = try? planted() <-
    Task { await planted() } <-
    Task.detached { await planted() } <-
    Task(priority: .high) { await planted() } <-
    Task(priority: high(1)) { await planted() } <-
    _ = Double.random(in: (0.1)...(0.9)) <-
    // A task because it is easier.
    Task { await planted() } <-
}
""",
    "Sources/Alpha/NearMisses.swift": _HEAD
    + """
import FoundationEssentials
// Task.sleep, Date(), fatalError( and print( in a comment.
/* Nested /* comment */ with try! and as! */
func nearMisses(reactor: Reactor, generator: inout Generator) async {
    let text = "Date() try! fatalError( \\" print("
    let raw = #"Date() " UUID() \\(Date())"#
    let long = \"\"\"
        Date() "quoted" print(
        \"\"\"
    await reactor.sleep(until: .now)
    _ = Int.random(in: 0..<9, using: &generator)
    _ = Double.random(in: (1 - jitter)...(1 + jitter), using: &generator)
    logger.print(text)
    fingerprint(raw + long)
    // Nobody waits for this answer any more.
    _ = try? nearMisses()
    _ = try? nearMisses()
    _ = try? nearMisses()  // as above
    // Cancellation shield: the lock must be given back.
    Task { await nearMisses() }
    Task(executorPreference: reactor) { await nearMisses() }
    _ = Date(timeIntervalSince1970: 0)
    _ = open("/dev/null", 0)
}
extension Task {}
func print(_ text: String) {}
func sleep(until instant: Instant) {}
""",
    "Sources/SystemKit/Box.swift": _HEAD
    + """
import Glibc
// The lock guards every access.
struct Box: @unchecked Sendable {}

struct Bare: @unchecked Sendable {} <-
""",
    "Sources/Commands/Now.swift": _HEAD + "let generator = SystemRandomNumberGenerator()\n",
    "Sources/Logging/Shown.swift": _HEAD + "public struct Shown {}\n",
    "Tests/AlphaTests/Calls.swift": _HEAD + "import Glibc\nlet now = Date() <-\nlet value = try! planted() <-\n",
}

_DOCUMENTATION = {
    "Sources/Alpha/Undocumented.swift": _HEAD
    + """
struct Bare { <-
    package var first = 1 <-
    // Not a doc comment.
    package func second() {} <-
    @inlinable
    package init() {} <-
    package private(set) var third = 1 <-
    enum Inner {} <-
}

package protocol Asked { <-
    func answer() <-
    var answer: Int { get } <-
}

package extension Bare {
    func extended() {} <-
}
""",
    "Sources/Alpha/Documented.swift": _HEAD
    + """
/// A type.
struct Plain {
    let hidden = 1
    private func helper() { let local = 1 }
    /// Shown.
    @inlinable
    @available(*, deprecated)
    package func shown() {
        struct Local {}
        if let hidden { _ = hidden }
    }
    /** Shown too. */
    package var other: Int { 1 }
    override package func inherited() {}
}

package extension Plain {
    /// Shown.
    func extended() {}
    private func unseen() {}
}

private enum Private {
    struct Inside {}
}

protocol Undeclared <-
{
    func answer()
}
""",
}

_LENGTH = {
    "Sources/Alpha/Long.swift": _HEAD + "//\n" * 498 + "// too far <-\n",
    "Sources/Alpha/Full.swift": _HEAD + "//\n" * 498,
    "Tests/AlphaTests/Long.swift": _HEAD + "//\n" * 698 + "// too far <-\n",
    "Tests/AlphaTests/Full.swift": _HEAD + "//\n" * 698,
    "Sources/Alpha/Functions.swift": _HEAD
    + "struct Holder {\n    init( <-\n        a: Int = { 1 }()\n    ) {\n" + "        _ = 1\n" * 60 + "    }\n"
    + "    func long() { <-\n" + "        { _ = 1 }()\n" * 60 + "    }\n"
    + "    func full() {\n" + "        { _ = 1 }()\n" * 58 + "    }\n}\n"
    + "protocol Asked {\n    func bodiless()\n    var value: Int { get }\n}\n"
    + "func outer() {\n    func inner() { <-\n" .replace("func outer() {", "func outer() { <-")
    + "        _ = 1\n" * 60 + "    }\n}\n",
    "Sources/CBottom/long.c": _HEAD + "static int full(void) {\n" + "    f();\n" * 58 + "}\n"
    + "static int longer(int a,\n                  int b) {\n".replace("a,\n", "a, <-\n") + "    f();\n" * 60 + "}\n",
    "scripts/long.py": "# SPDX-License-Identifier: Apache-2.0\ndef long(): <-\n" + "    pass\n" * 60,
}

_HEADER = {
    "Sources/Alpha/Bare.swift": "/// No licence. <-\nstruct Bare {}\n",
    "Sources/CBottom/bare.c": "int bare; <-\n",
    "scripts/bare": "#!/bin/sh <-\nexec true\n",
    "scripts/bare.py": "pass <-\n",
}

_FORMAT = {
    "Sources/Alpha/Ugly.swift": _HEAD + "\nlet  ugly = 1 <-\nlet fine = 1\n  let indented = 1 <-\n",
    "Tests/AlphaTests/Ugly.swift": _HEAD + "\nlet  ugly = 1 <-\n",
}

_SHELL = {
    "scripts/broken": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\nif true; then\n    echo )  <-\nfi\n",
    "scripts/bashism.sh": "#!/bin/bash\n# SPDX-License-Identifier: Apache-2.0\nnames=(a b)\necho \"${names[@]}\"\n",
}

_WORDS = {
    "docs/notes.md": "\n".join(
        (
            "See /" + "work/main for more. <-",
            "Decided in ses" + "sion 12. <-",
            "Fixes is" + "sue 7. <-",
            "Mended, see " + "#41 there. <-",
            "This is case R" + "15. <-",
            "TO" + "DO: write. <-",
            "A session_id names the conversation; work/ is a directory; the colour is #fff; section 4; [x](#3-names).",
            "",
        )
    ),
    "Sources/Alpha/Words.swift": _HEAD + "// See /" + "work/plan. <-\n",
    "scripts/words": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\ncd /" + "work/main || exit <-\n",
}

_LINKS = {
    "docs/page.md": "[up](../README.md#top) [here](#top) [out](https://example.org/none.md) [folder](../Sources/)\n"
    + "[gone](gone.md) <-\n[gone too](../docs/none.md#part) <-\n",
}

PLANTS = {
    "imports": _IMPORTS,
    "calls": _CALLS,
    "documentation": _DOCUMENTATION,
    "length": _LENGTH,
    "header": _HEADER,
    "format": _FORMAT,
    "shell": _SHELL,
    "links": _LINKS,
    "words": _WORDS,
}
