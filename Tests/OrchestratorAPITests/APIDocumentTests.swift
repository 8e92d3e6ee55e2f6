// SPDX-License-Identifier: Apache-2.0
// What is written about the API, compared with the API.

import HTTPServer
import OrchestratorAPI
import QueueModel
import SystemKit
import Testing

@Suite struct APIDocumentTests {
    private let docs = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs"

    private func read(_ name: FileName) throws -> [UInt8] {
        try #require(try Directory.open(docs).read(name, limit: 1 << 20))
    }

    @Test func documentInDocsIsTheOneThatIsServed() throws {
        let served = JSONWriter.bytes(APIDocument.json, pretty: true) + [UInt8(ascii: "\n")]
        if SystemInfo.environment["VIGIL_UPDATE_GOLDENS"] == "1" {
            let directory = try Directory.open(docs)
            try AtomicFile.write(served, as: "openapi.json", in: directory, replacing: true, durability: .relaxed)
        }
        let kept = try read("openapi.json")
        #expect(
            kept == served,
            "docs/openapi.json differs; when the change is meant: VIGIL_UPDATE_GOLDENS=1 swift test"
        )
    }

    @Test func documentAndRoutesNameEachOther() throws {
        let bytes = try read("openapi.json")
        let document = try #require(try JSONParser.parse(bytes, limits: .file(bytes.count)).objectValue)
        let paths = try #require(document["paths"]?.objectValue)
        var described: Set<String> = []
        for (path, methods) in paths.members {
            for (method, operation) in methods.objectValue?.members ?? [] {
                let parameters = operation.objectValue?["parameters"]?.arrayValue ?? []
                let names = parameters.compactMap { $0.objectValue?["name"]?.stringValue }
                described.insert("\(method.uppercased()) \(path) \(names.sorted())")
            }
        }
        let routes = APIRoute.all.map { route in
            let segments = route.path.split(separator: "/").filter { $0.hasPrefix("{") }
            let names = segments.map { String($0.dropFirst().dropLast()) } + route.query.map(\.name)
            return "\(route.method.rawValue) /api/v1\(route.path) \(names.sorted())"
        }
        #expect(described == Set(routes))
        #expect(Set(routes).count == routes.count)
    }

    @Test func everyOperationHasItsOwnName() throws {
        let paths = try #require(APIDocument.json.objectValue?["paths"]?.objectValue)
        let operations = paths.members.flatMap { $0.value.objectValue?.members ?? [] }
        let names = operations.compactMap { $0.value.objectValue?["operationId"]?.stringValue }
        #expect(names.count == APIRoute.all.count)
        #expect(Set(names).count == names.count)
    }

    @Test func pageTellsOfEveryRoute() throws {
        let page = String(decoding: try read("api.md"), as: UTF8.self)
        for route in APIRoute.all {
            #expect(page.contains("`\(route.method.rawValue) \(route.path)`"), "\(route.path)")
        }
    }
}
