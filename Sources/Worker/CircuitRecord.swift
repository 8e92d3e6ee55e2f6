// SPDX-License-Identifier: Apache-2.0
// The circuit breaker's state on disk.

import QueueModel
import Resilience

extension CircuitBreaker.Snapshot {
    /// The record's bytes.
    func encoded() -> [UInt8] {
        var object: JSONObject = [
            "version": 1, "state": .string(state.rawValue), "failures": .integer(failures),
        ]
        object["open_until_ms"] = openUntilMilliseconds.map { .integer($0) }
        object["open_length_ms"] = openLengthMilliseconds.map { .integer($0) }
        return JSONWriter.bytes(.object(object)) + [UInt8(ascii: "\n")]
    }

    /// Reads a record; `nil` for one that is torn or of a later version, which leaves the circuit closed.
    init?(decoding bytes: [UInt8]) {
        // See above: nothing but the circuit's state is lost.
        guard let object = (try? JSONParser.parse(bytes, limits: .file(1 << 16)))?.objectValue,
            object["version"]?.intValue == 1,
            let state = object["state"]?.stringValue.flatMap(StateName.init(rawValue:)),
            let failures = object["failures"]?.intValue
        else { return nil }
        self.init(
            state: state,
            failures: max(0, failures),
            openUntilMilliseconds: object["open_until_ms"]?.numberValue?.exactInt,
            openLengthMilliseconds: object["open_length_ms"]?.numberValue?.exactInt
        )
    }
}
