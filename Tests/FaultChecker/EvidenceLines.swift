// SPDX-License-Identifier: Apache-2.0
// The witnesses' logs as lines of JSON.

package import QueueModel

/// A line of a witness's log.
package protocol EvidenceLine {
    /// Reads a line; nil when it is none of this log.
    init?(_ object: JSONObject)
    /// The line as an object.
    var json: JSONObject { get }
}

extension EvidenceLine {
    /// The line's bytes with a newline, to be written at once.
    package var line: [UInt8] { JSONWriter.bytes(.object(json)) + [UInt8(ascii: "\n")] }

    /// Reads a log; a torn last line, as a kill leaves it, is left out.
    /// - Parameter bytes: The log.
    /// - Returns: Its lines; nil when one that is not the last cannot be read.
    package static func lines(of bytes: [UInt8]) -> [Self]? {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var found: [Self] = []
        for line in lines.dropLast() {
            guard let value = try? JSONParser.parse(Array(line), limits: .file(line.count)),  // reported by the nil
                let object = value.objectValue, let read = Self(object)
            else { return nil }
            found.append(read)
        }
        return found
    }
}

extension ClientEvent: EvidenceLine {
    package init?(_ object: JSONObject) {
        guard let kind = object["event"]?.stringValue.flatMap(Kind.init(rawValue:)),
            let name = object["name"]?.stringValue, let digest = object["digest"]?.stringValue,
            let isTask = object["is_task"]?.boolValue, let maxAttempts = object["max_attempts"]?.intValue
        else { return nil }
        self.init(kind, name, digest: digest, isTask: isTask, maxAttempts: maxAttempts)
    }

    package var json: JSONObject {
        [
            "event": .string(kind.rawValue), "name": .string(name), "digest": .string(digest),
            "is_task": .bool(isTask), "max_attempts": .integer(maxAttempts),
        ]
    }
}

extension WitnessEvent: EvidenceLine {
    package init?(_ object: JSONObject) {
        guard let task = object["task_id"]?.stringValue, let attempt = object["attempt"]?.intValue,
            let run = object["run"]?.stringValue, let at = object["at"]?.intValue
        else { return nil }
        let kind: Kind
        if let alone = object["alone"]?.boolValue, let over = object["over"]?.boolValue {
            kind = .start(alone: alone, over: over)
        } else if let code = object["code"]?.intValue {
            kind = .exit(code: code)
        } else {
            return nil
        }
        self.init(kind, task, attempt: attempt, run: run, at: Int64(at))
    }

    package var json: JSONObject {
        var object: JSONObject = [
            "task_id": .string(task), "attempt": .integer(attempt), "run": .string(run), "at": .integer(at),
        ]
        switch kind {
        case .start(let alone, let over):
            object["alone"] = .bool(alone)
            object["over"] = .bool(over)
        case .exit(let code): object["code"] = .integer(code)
        }
        return object
    }
}

extension Observation: EvidenceLine {
    package init?(_ object: JSONObject) {
        guard let shelf = object["shelf"]?.stringValue.flatMap(Shelf.init(rawValue:)),
            let name = object["name"]?.stringValue, let digest = object["digest"]?.stringValue,
            let isWhole = object["whole"]?.boolValue, let isTaskAlive = object["alive"]?.boolValue,
            let at = object["at"]?.intValue
        else { return nil }
        self.init(shelf, name, digest: digest, isWhole: isWhole, isTaskAlive: isTaskAlive, at: Int64(at))
    }

    package var json: JSONObject {
        [
            "shelf": .string(shelf.rawValue), "name": .string(name), "digest": .string(digest),
            "whole": .bool(isWhole), "alive": .bool(isTaskAlive), "at": .integer(at),
        ]
    }
}
