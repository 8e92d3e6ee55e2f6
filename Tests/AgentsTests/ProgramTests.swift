// SPDX-License-Identifier: Apache-2.0
// Where a profile's program is, and how it is asked for its version.

import Agents
import SystemKit
import TestSupport
import Testing

@Suite("Programs of profiles")
struct ProgramTests {
    @Test func theFirstExecutableFileInPathIsTheProgram() async throws {
        try await withTemporaryDirectory { (scratch: TemporaryDirectory) async throws in
            let second = try scratch.directory.subdirectory("second", create: 0o700)
            _ = try scratch.directory.subdirectory("first", create: 0o700).createFile("tool", mode: 0o600)
            let tool = try await scratch.writeScript("exit 0", as: "tool")
            try scratch.directory.rename("tool", to: second, as: "tool")
            let profile = try makeCommand(["tool", "x"])
            let path = "/nowhere:\(scratch.path(of: "first")):\(second.path)"
            #expect(profile.programPath(environment: ["PATH": path]) == "\(second.path)/tool")
            #expect(profile.missingProgram(environment: ["PATH": path]) == nil)
            #expect(profile.programPath(environment: ["PATH": "/nowhere"]) == nil)
            #expect(profile.missingProgram(environment: ["PATH": "/nowhere"])?.hasPrefix("tool is not found") == true)
            #expect(try makeCommand(["\(second.path)/tool"]).programPath(environment: [:]) == "\(second.path)/tool")
            #expect(
                try makeCommand([tool]).missingProgram(environment: [:])?.contains("not an executable file") == true
            )
        }
    }

    @Test func onlyAProgramThatIsKnownToAnswerIsAskedForItsVersion() throws {
        let context = try makeContext(environment: ["PATH": "/bin", "SECRET": "x"])
        let query = AgentProfile.claude(command: ["claude", "--model", "sonnet"]).versionQuery(in: context)
        #expect(query?.arguments == ["claude", "--model", "sonnet", "--version"])
        #expect(query?.environment.contains("VIGIL_RUN_ID=run-9") == true)
        #expect(query?.environment.contains("SECRET=x") == false)
        #expect(query?.input == nil)
        #expect(try makeCommand(["tool"]).versionQuery(in: context) == nil)
    }
}
