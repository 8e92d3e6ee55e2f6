// SPDX-License-Identifier: Apache-2.0
// Writing the files that Vigil reads again.

/// A record, or a part of one, that says its members once: for a tree, and for bytes without a tree.
package protocol RecordPart {
    /// Hands over the members in the order in which they are written.
    /// - Parameter members: Where they go.
    func add(to members: inout some MemberSink)
}

extension RecordPart {
    /// The part as a JSON object.
    package var json: JSONValue {
        var members = RecordMembers()
        add(to: &members)
        return members.json
    }

    /// The part as JSON on one line, without its end.
    package var line: [UInt8] {
        var bytes = RecordBytes()
        bytes.write(self)
        return bytes.output.bytes
    }
}

/// Where the members of a record go; their keys must differ, and need no escape.
package protocol MemberSink {
    /// Adds a string.
    mutating func add(_ key: String, _ value: String)
    /// Adds a whole number.
    mutating func add(_ key: String, _ value: Int)
    /// Adds a number of seconds with at most three decimals.
    mutating func add(_ key: String, seconds: Duration)
    /// Adds a point in time.
    mutating func add(_ key: String, _ value: Timestamp)
    /// Adds any value.
    mutating func add(_ key: String, json value: JSONValue)
    /// Adds an object.
    mutating func add(_ key: String, _ part: some RecordPart)
    /// Adds an array of objects.
    mutating func add(_ key: String, _ parts: [some RecordPart])
}

extension MemberSink {
    /// Adds an identifier.
    package mutating func add<Rule>(_ key: String, _ value: Identifier<Rule>) { add(key, value.string) }

    /// Adds a string, or nothing when there is none.
    package mutating func add(_ key: String, ifThere value: String?) {
        if let value { add(key, value) }
    }

    /// Adds a whole number, or nothing when there is none.
    package mutating func add(_ key: String, ifThere value: Int?) {
        if let value { add(key, value) }
    }

    /// Adds a point in time, or nothing when there is none.
    package mutating func add(_ key: String, ifThere value: Timestamp?) {
        if let value { add(key, value) }
    }

    /// Adds an object, or nothing when there is none.
    package mutating func add(_ key: String, ifThere part: (some RecordPart)?) {
        if let part { add(key, part) }
    }

    /// Adds an object as it came, or nothing when there is none.
    package mutating func add(_ key: String, ifThere object: JSONObject?) {
        if let object { add(key, json: .object(object)) }
    }

    /// Adds US dollars, or nothing when they are not known.
    package mutating func add(_ key: String, dollars: Double?) {
        if let dollars { add(key, json: .decimal(dollars)) }
    }

    /// Adds a flag, or nothing when it is not set.
    package mutating func add(_ key: String, ifSet flag: Bool) {
        if flag { add(key, json: true) }
    }

    /// Adds a whole number, or `null` when there is none.
    package mutating func add(_ key: String, orNull value: Int?) {
        if let value { add(key, value) } else { add(key, json: .null) }
    }

    /// Adds a string, or `null` when there is none.
    package mutating func add(_ key: String, orNull value: String?) {
        if let value { add(key, value) } else { add(key, json: .null) }
    }

    /// Adds a point in time, or `null` when there is none.
    package mutating func add(_ key: String, orNull value: Timestamp?) {
        if let value { add(key, value) } else { add(key, json: .null) }
    }
}

// MARK: - As a tree

/// The members of a record as a tree.
struct RecordMembers: MemberSink {
    private var members: [(key: String, value: JSONValue)] = []

    /// Adds a member, or nothing when there is no value.
    mutating func add(_ key: String, _ value: JSONValue?) {
        guard let value else { return }
        members.append((key, value))
    }

    mutating func add(_ key: String, json value: JSONValue) { members.append((key, value)) }
    mutating func add(_ key: String, _ value: String) { add(key, .string(value)) }
    mutating func add(_ key: String, _ value: Int) { add(key, .integer(value)) }
    mutating func add(_ key: String, seconds: Duration) { add(key, .seconds(seconds)) }
    mutating func add(_ key: String, _ value: Timestamp) { add(key, value.json) }
    mutating func add(_ key: String, _ part: some RecordPart) { add(key, part.json) }
    mutating func add(_ key: String, _ parts: [some RecordPart]) { add(key, .array(parts.map(\.json))) }

    /// The object of the members so far.
    var object: JSONObject { JSONObject(distinct: members) }
    /// The same as a value.
    var json: JSONValue { .object(object) }
}

extension Timestamp {
    /// The point in time as a JSON string.
    var json: JSONValue { .string(description) }
}

extension Identifier {
    /// The identifier as a JSON string.
    var json: JSONValue { .string(string) }
}

// MARK: - As bytes

/// The members of a record as bytes, each written when it is added.
private struct RecordBytes: MemberSink {
    private(set) var output = JSONOutput(style: .compact)
    private var isFirst = true

    /// Writes a whole object.
    mutating func write(_ part: some RecordPart) {
        output.bytes.append(UInt8(ascii: "{"))
        isFirst = true
        part.add(to: &self)
        output.bytes.append(UInt8(ascii: "}"))
        isFirst = false
    }

    private mutating func begin(_ key: String) {
        let needsComma = !isFirst
        isFirst = false
        // All at once: room is looked for once a member, not once a byte.
        let key = key.utf8.span
        output.bytes.append(addingCapacity: key.count + 4) { bytes in
            if needsComma { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            unsafe bytes.withUnsafeMutableBufferPointer { room, count in
                unsafe key.withUnsafeBufferPointer { text in
                    _ = unsafe room.extracting(count...).update(fromContentsOf: text)
                }
                count += key.count
            }
            bytes.append(UInt8(ascii: "\""))
            bytes.append(UInt8(ascii: ":"))
        }
    }

    mutating func add(_ key: String, _ value: String) {
        begin(key)
        output.write(string: value)
    }

    mutating func add(_ key: String, _ value: Int) {
        begin(key)
        DecimalText(Int64(value), fractionDigits: 0).append(to: &output.bytes)
    }

    mutating func add(_ key: String, seconds: Duration) {
        begin(key)
        DecimalText(seconds.wholeMilliseconds, fractionDigits: 3).append(to: &output.bytes)
    }

    mutating func add(_ key: String, _ value: Timestamp) {
        begin(key)
        output.bytes.append(UInt8(ascii: "\""))
        TimestampText(value).append(to: &output.bytes)
        output.bytes.append(UInt8(ascii: "\""))
    }

    mutating func add(_ key: String, json value: JSONValue) {
        begin(key)
        output.write(value, level: 0)
    }

    mutating func add(_ key: String, _ part: some RecordPart) {
        begin(key)
        write(part)
    }

    mutating func add(_ key: String, _ parts: [some RecordPart]) {
        begin(key)
        output.bytes.append(UInt8(ascii: "["))
        for (position, part) in parts.enumerated() {
            if position > 0 { output.bytes.append(UInt8(ascii: ",")) }
            write(part)
        }
        output.bytes.append(UInt8(ascii: "]"))
    }
}
