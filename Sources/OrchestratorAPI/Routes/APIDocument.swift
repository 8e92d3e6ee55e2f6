// SPDX-License-Identifier: Apache-2.0
// The description of the API for programs (OpenAPI 3.1).

import HTTPServer
package import QueueModel

/// Describes routes for programs.
package enum APIDocument {
    /// The description of all routes.
    package static var json: JSONValue {
        var paths: JSONObject = [:]
        for route in APIRoute.all {
            let path = APIRoute.prefix + route.path
            var methods = paths[path]?.objectValue ?? [:]
            methods[route.method.rawValue.lowercased()] = operation(route)
            paths[path] = .object(methods)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Vigil", "version": "1",
                "description":
                    "Tasks, workers, dead letters, groups and events of one queue. docs/api.md tells the rest.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "security": [["token": []], ["session": []]],
            "paths": .object(paths),
            "components": components,
        ]
    }

    private static func operation(_ route: APIRoute) -> JSONValue {
        var operation: JSONObject = [
            "operationId": .string(name(of: route)), "summary": .string(route.summary),
            "description": .string("Needs the scope \(route.scope.rawValue)."),
        ]
        let parameters = pathParameters(of: route) + route.query.map(parameter)
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let schema = route.body.schema {
            operation["requestBody"] = ["required": true, "content": ["application/json": ["schema": schema]]]
        }
        var responses: JSONObject = [:]
        for status in route.success {
            var response: JSONObject = ["description": .string(status.reason)]
            if status != .switchingProtocols { response["content"] = content(of: route) }
            responses["\(status.code)"] = .object(response)
        }
        responses["default"] = ["$ref": "#/components/responses/Problem"]
        operation["responses"] = .object(responses)
        return .object(operation)
    }

    private static func content(of route: APIRoute) -> JSONValue {
        let schema: JSONValue = route.contentType == "application/json" ? ["type": "object"] : ["type": "string"]
        return .object([route.contentType: ["schema": schema]])
    }

    /// The method and the words of the path, such as `post_tasks_id_cancel`.
    private static func name(of route: APIRoute) -> String {
        let words = route.path.split { !$0.isLetter && !$0.isNumber }
        return ([route.method.rawValue.lowercased()] + words.map(String.init)).joined(separator: "_")
    }

    private static func pathParameters(of route: APIRoute) -> [JSONValue] {
        route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { segment in
            [
                "name": .string(String(segment.dropFirst().dropLast())), "in": "path", "required": true,
                "schema": ["type": "string"],
            ]
        }
    }

    private static func parameter(_ parameter: APIParameter) -> JSONValue {
        let schema: JSONValue =
            parameter.isRepeatable ? ["type": "array", "items": parameter.schema] : parameter.schema
        return [
            "name": .string(parameter.name), "in": "query", "description": .string(parameter.summary),
            "schema": schema,
        ]
    }

    private static let components: JSONValue = [
        "securitySchemes": [
            "token": ["type": "http", "scheme": "bearer"],
            "session": [
                "type": "apiKey", "in": "cookie", "name": "vigil_session",
                "description": "For pages; POST /api/v1/session gives it, and its name has the port behind it.",
            ],
        ],
        "responses": [
            "Problem": [
                "description": "Why it was not done (RFC 9457)",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ]
        ],
        "schemas": [
            "Problem": [
                "type": "object", "required": ["type", "title", "status", "code", "detail"],
                "properties": [
                    "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"],
                    "code": ["type": "string", "description": "A stable word for programs."],
                    "detail": ["type": "string", "description": "One line for people."],
                ],
            ]
        ],
    ]
}
