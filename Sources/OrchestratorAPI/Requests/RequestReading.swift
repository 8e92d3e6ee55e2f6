// SPDX-License-Identifier: Apache-2.0
// Reads what a request says; what it says wrongly is refused with the name of the part.

import HTTPServer
import QueueModel

/// The query of a request, of which only names that are known may be there.
struct QueryReader {
    private let pairs: [(name: String, value: String)]

    /// Takes a query apart.
    /// - Parameters:
    ///   - request: The request.
    ///   - known: What the route has.
    /// - Throws: 400 for what cannot be decoded, for an unknown name, and for one that is there twice.
    init(_ request: HTTPRequest, known: [APIParameter]) throws(HTTPError) {
        guard let pairs = request.queryPairs() else { throw .badRequest("the query is not percent-encoded UTF-8") }
        var seen: Set<String> = []
        for (name, _) in pairs {
            guard let parameter = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).joined(separator: ", ")
                let list = known.isEmpty ? "there are none here" : "known are \(names)"
                throw .badRequest("the query has a parameter that is not known; \(list)")
            }
            guard seen.insert(name).inserted || parameter.isRepeatable else {
                throw .badRequest("\(name) is given twice")
            }
        }
        self.pairs = pairs
    }

    /// Every value of a name.
    func values(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// Reads a value.
    /// - Parameters:
    ///   - name: The parameter.
    ///   - rule: What it has to be, for the refusal.
    ///   - read: Gives nil for what is wrong.
    /// - Returns: Nil when it is not there.
    /// - Throws: 400 when it is wrong.
    func value<Value>(_ name: String, _ rule: String, _ read: (String) -> Value?) throws(HTTPError) -> Value? {
        guard let text = values(name).first else { return nil }
        guard let value = read(text) else { throw .badRequest("\(name): give \(rule)") }
        return value
    }

    /// Reads an identifier.
    func identifier<Rule>(_ name: String) throws(HTTPError) -> Identifier<Rule>? {
        try value(name, Rule.ruleText) { Identifier<Rule>(bytes: $0.utf8) }
    }

    /// Reads a whole number.
    func number(_ name: String, in range: ClosedRange<Int>) throws(HTTPError) -> Int? {
        try value(name, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Reads a truth value.
    func flag(_ name: String) throws(HTTPError) -> Bool {
        try value(name, "true or false") { ["true": true, "false": false][$0] } ?? false
    }
}

extension RequestContext {
    /// The identifier that a part of the path is.
    /// - Parameter name: The part.
    /// - Returns: The identifier.
    /// - Throws: 400 when it breaks the rule of such identifiers.
    func identifier<Rule>(_ name: String) throws(HTTPError) -> Identifier<Rule> {
        guard let identifier = Identifier<Rule>(bytes: try parameters.require(name).utf8) else {
            throw .badRequest("the \(Rule.noun) in the path breaks the rule: \(Rule.ruleText)")
        }
        return identifier
    }
}

extension HTTPRequest {
    /// The body as a JSON object.
    /// - Parameter known: The members that may be there; nil: any.
    /// - Returns: The object.
    /// - Throws: 415 without the content type of JSON, which no form of a foreign page can send; 400 for what is no
    ///   object; 422 for a member that is not known.
    func jsonObject(known: [String]? = nil) throws(HTTPError) -> JSONObject {
        let type = headers["content-type"]?.split(separator: ";").first.map { $0.lowercased() }
        guard type?.trimmed == "application/json" else {
            throw HTTPError(
                .unsupportedMediaType,
                code: "unsupported_media_type",
                "send the body as application/json"
            )
        }
        let value: JSONValue
        do { value = try JSONParser.parse(body, limits: .file(body.count)) } catch {
            throw .badRequest("the body is not JSON: \(error)")
        }
        guard let object = value.objectValue else { throw .badRequest("the body is not a JSON object") }
        if let known, let odd = object.keys.first(where: { !known.contains($0) }) {
            throw HTTPError(.unprocessableContent, code: "unknown_member", "the body has no member \(odd) here")
        }
        return object
    }

    /// Refuses a body where none is taken.
    /// - Throws: 400 when there is one; an empty object is none.
    func requireNoBody() throws(HTTPError) {
        guard body.isEmpty || body == Array("{}".utf8) else { throw .badRequest("this request takes no body") }
    }
}

extension String {
    fileprivate var trimmed: Substring {
        var text = self[...]
        while text.utf8.last == 0x20 || text.utf8.last == 0x09 { text.removeLast() }
        return text
    }
}
