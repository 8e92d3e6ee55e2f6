// SPDX-License-Identifier: Apache-2.0
// What tokens cost, for agents that tell how many they use and not what they cost.

package import QueueModel

/// The price of a million tokens of each kind, in US dollars.
package struct TokenPrices: Equatable, Sendable {
    /// What is read.
    package var input: Double
    /// What is written.
    package var output: Double
    /// What is read and kept for later.
    package var cacheWrite: Double
    /// What is read from what was kept.
    package var cacheRead: Double

    /// Prices.
    ///
    /// - Parameters:
    ///   - input: what is read.
    ///   - output: what is written.
    ///   - cacheWrite: what is read and kept for later; as `input` when nil.
    ///   - cacheRead: what is read from what was kept; as `input` when nil.
    package init(input: Double, output: Double, cacheWrite: Double? = nil, cacheRead: Double? = nil) {
        self.input = input
        self.output = output
        self.cacheWrite = cacheWrite ?? input
        self.cacheRead = cacheRead ?? input
    }

    /// What a number of tokens costs.
    ///
    /// - Parameter usage: the counts by the names that agents give them.
    /// - Returns: US dollars.
    package func cost(of usage: JSONObject) -> Double {
        func count(_ name: String) -> Double { max(0, usage[name]?.doubleValue ?? 0) }
        // Those who count cached tokens by this name count them among the input as well.
        let cached = min(count("cached_input_tokens"), count("input_tokens"))
        let dollars =
            (count("input_tokens") - cached) * input + count("output_tokens") * output
            + count("cache_creation_input_tokens") * cacheWrite
            + (count("cache_read_input_tokens") + cached) * cacheRead
        return dollars / 1_000_000
    }
}

/// The prices of models.
package struct PriceList: Equatable, Sendable {
    /// The prices by the model's name, of which the part behind a `*` does not matter.
    package var models: [String: TokenPrices]

    /// A list.
    ///
    /// - Parameter models: the prices by the model's name.
    package init(_ models: [String: TokenPrices] = [:]) {
        self.models = models
    }

    /// Whether nothing has a price.
    package var isEmpty: Bool { models.isEmpty }

    /// The prices of a model: those of its very name, else those of the longest beginning of it.
    ///
    /// - Parameter model: its name; nil when the agent does not tell it.
    /// - Returns: nil when it has no price.
    package func prices(of model: String?) -> TokenPrices? {
        let name = model ?? ""
        if let exact = models[name] { return exact }
        let patterns = models.keys.filter { $0.hasSuffix("*") && name.hasPrefix($0.dropLast()) }
        return patterns.max { ($0.count, $0) < ($1.count, $1) }.flatMap { models[$0] }
    }
}
