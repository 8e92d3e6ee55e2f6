// SPDX-License-Identifier: Apache-2.0
// What the metrics page says about all time series of one name.

/// All time series of one name: what they mean and of what type they are.
package struct MetricFamily: Sendable, Hashable {
    /// The type of a family.
    package enum Kind: Sendable, Hashable {
        /// A number that only goes up.
        case counter
        /// A number that goes up and down.
        case gauge
        /// How many values lie at or below each of some bounds.
        ///
        /// - Parameter buckets: The bounds, rising, without infinity; in seconds for timers.
        case histogram(buckets: [Double])

        var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }

        /// The bounds for a family that was not declared; in seconds.
        static let undeclaredHistogram = Kind.histogram(buckets: [0.01, 0.1, 1, 10, 60, 600])
    }

    /// The name of the family, without a suffix like `_bucket`.
    package let name: String
    /// One sentence for whoever reads the page.
    package let help: String
    /// The type.
    package let kind: Kind

    /// Describes a family.
    ///
    /// - Parameters:
    ///   - name: The name; characters that the format does not allow become underscores.
    ///   - kind: The type.
    ///   - help: One sentence for whoever reads the page.
    package init(_ name: String, _ kind: Kind, help: String) {
        self.name = PrometheusText.name(name)
        self.help = help
        self.kind = kind
        guard case .histogram(let buckets) = kind else { return }
        precondition(
            zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 } && buckets.allSatisfy(\.isFinite),
            "the bounds of histogram \(name) do not rise"
        )
    }
}
