// SPDX-License-Identifier: Apache-2.0
// How long an agent may show no life before it is ended.

/// The times after which a running agent is taken for hung; of each, nil says nothing and zero means never.
package struct LivenessLimits: Equatable, Sendable {
    /// From its start to its first event, or to any sign of life of an agent that prints none.
    package var start: Duration?
    /// Without output and without computing.
    package var silence: Duration?
    /// For one call of a tool.
    package var tool: Duration?
    /// From its last word after its result to its end.
    package var afterResult: Duration?

    /// Limits.
    ///
    /// - Parameters:
    ///   - start: from its start to its first event.
    ///   - silence: without output and without computing.
    ///   - tool: for one call of a tool.
    ///   - afterResult: from its last word after its result to its end.
    package init(
        start: Duration? = nil,
        silence: Duration? = nil,
        tool: Duration? = nil,
        afterResult: Duration? = nil
    ) {
        self.start = start
        self.silence = silence
        self.tool = tool
        self.afterResult = afterResult
    }

    /// The limits, with what they leave open taken from others.
    ///
    /// - Parameter others: what counts where these say nothing.
    /// - Returns: the limits that count.
    package func completed(from others: LivenessLimits) -> LivenessLimits {
        LivenessLimits(
            start: start ?? others.start,
            silence: silence ?? others.silence,
            tool: tool ?? others.tool,
            afterResult: afterResult ?? others.afterResult
        )
    }
}
