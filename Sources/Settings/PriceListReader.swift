// SPDX-License-Identifier: Apache-2.0
// Reads what a profile says about the prices of its models.

import Agents

/// Reads the prices of a profile, and collects everything that is wrong with them.
struct PriceListReader {
    private static let kinds = ["input", "output", "cache_write", "cache_read"]

    /// What is wrong, each with the key at which it stands.
    private(set) var problems: [(key: String, text: String)] = []

    /// Reads the list; what is wrong is missing from it.
    mutating func list(_ value: ConfigurationValue) -> PriceList {
        var list = PriceList()
        guard case .object(let models) = value else {
            report("prices", "give an object with a model's name, or its beginning and \"*\", for each price")
            return list
        }
        for model in models {
            let key = "prices.\(MessageText.excerpt(model.key))"
            list.models[model.key] = prices(model.value, key)
        }
        return list
    }

    private mutating func prices(_ value: ConfigurationValue, _ key: String) -> TokenPrices? {
        var numbers: [String: Double] = [:]
        if case .object(let members) = value {
            for member in members {
                guard Self.kinds.contains(member.key), case .number(let text) = member.value,
                    let number = DecimalText.parse(text), 0...1_000_000 ~= number
                else {
                    report("\(key).\(MessageText.excerpt(member.key))", Self.hint)
                    return nil
                }
                numbers[member.key] = number
            }
        }
        guard let input = numbers["input"], let output = numbers["output"] else {
            report(key, Self.hint)
            return nil
        }
        return TokenPrices(
            input: input,
            output: output,
            cacheWrite: numbers["cache_write"],
            cacheRead: numbers["cache_read"]
        )
    }

    private static let hint =
        "give input and output, and cache_write and cache_read where they differ: US dollars for a million tokens"

    private mutating func report(_ key: String, _ text: String) { problems.append((key, text)) }
}
