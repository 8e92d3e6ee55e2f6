// SPDX-License-Identifier: Apache-2.0
// A command that decides whether an agent's work is done; only the operator defines it.

package import QueueModel

/// A configured check.
package struct Check: Equatable, Sendable {
    /// The name that profiles and tasks use.
    package var name: CheckName
    /// The program and its arguments.
    package var arguments: [String]
    /// How long it may run.
    package var timeout: Duration
    /// Names of variables that are passed on besides the usual ones; one that ends in `*` stands for a prefix.
    package var environment: [String]

    /// Makes a check.
    ///
    /// - Parameters:
    ///   - name: the name that profiles and tasks use.
    ///   - arguments: the program and its arguments.
    ///   - timeout: how long it may run.
    ///   - environment: names or prefixes of variables that are passed on besides the usual ones.
    package init(
        name: CheckName,
        arguments: [String],
        timeout: Duration = Check.defaultTimeout,
        environment: [String] = []
    ) {
        self.name = name
        self.arguments = arguments
        self.timeout = timeout
        self.environment = environment
    }

    /// How long a check may run that has no limit of its own.
    package static var defaultTimeout: Duration { .seconds(600) }

    /// What to start; the environment is that of an agent of kind `command`.
    ///
    /// - Parameter context: what comes from the attempt and from the daemon.
    /// - Returns: the command line and the environment, without input.
    package func invocation(in context: InvocationContext) -> AgentInvocation {
        let profile = AgentProfile(
            name: AgentProfile.defaultName,
            kind: .command,
            arguments: arguments,
            environment: environment
        )
        return AgentInvocation(
            arguments: arguments,
            environment: PassedEnvironment(for: profile, from: context.environment).variables(in: context),
            input: nil
        )
    }
}
