// SPDX-License-Identifier: Apache-2.0
// Usage limits and the day's money on disk.

import QueueModel
import Resilience

/// What a worker remembers of limits over a restart.
struct LimitsRecord {
    var accounts: [AgentName: LimitGate.Snapshot]
    var dayNumber: Int64
    var spentUSD: Double
    var tokens: DaysTokens

    init(accounts: [AgentName: LimitGate.Snapshot], dayNumber: Int64, spentUSD: Double, tokens: DaysTokens) {
        self.accounts = accounts
        self.dayNumber = dayNumber
        self.spentUSD = spentUSD
        self.tokens = tokens
    }

    /// The record's bytes.
    func encoded() -> [UInt8] {
        let accounts = accounts.sorted { $0.key < $1.key }.map { name, snapshot in
            let value: JSONObject = [
                "until_ms": .integer(snapshot.untilMilliseconds), "length_ms": .integer(snapshot.lengthMilliseconds),
                "tries": .integer(snapshot.tries),
            ]
            return (name.string, JSONValue.object(value))
        }
        let object: JSONObject = [
            "version": 1, "accounts": .object(JSONObject(accounts)), "day": .integer(dayNumber),
            "spent_usd": .decimal(spentUSD), "tokens_day": .integer(tokens.dayNumber), "tokens": tokens.counts.json,
        ]
        return JSONWriter.bytes(.object(object)) + [UInt8(ascii: "\n")]
    }

    /// Reads a record; `nil` for one that is torn or of a later version, which leaves nothing held back.
    init?(decoding bytes: [UInt8]) {
        // See above: the next attempt meets the limit again, and costs nothing.
        guard let object = (try? JSONParser.parse(bytes, limits: .file(1 << 16)))?.objectValue,
            object["version"]?.intValue == 1
        else { return nil }
        accounts = [:]
        for (key, value) in object["accounts"]?.objectValue?.members ?? [] {
            guard let name = AgentName(bytes: key.utf8), let fields = value.objectValue,
                let until = fields["until_ms"]?.numberValue?.exactInt,
                let length = fields["length_ms"]?.numberValue?.exactInt
            else { continue }
            accounts[name] = LimitGate.Snapshot(
                untilMilliseconds: until,
                lengthMilliseconds: length,
                tries: fields["tries"]?.intValue ?? 0
            )
        }
        dayNumber = object["day"]?.numberValue?.exactInt ?? 0
        spentUSD = object["spent_usd"]?.doubleValue ?? 0
        tokens = DaysTokens(
            dayNumber: object["tokens_day"]?.numberValue?.exactInt ?? 0,
            counts: object["tokens"].flatMap(TokenCounts.init(json:)) ?? TokenCounts()
        )
    }
}
