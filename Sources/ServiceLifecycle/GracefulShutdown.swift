// SPDX-License-Identifier: Apache-2.0
// How code in a service learns that it should come to an end.

import Synchronization

/// Carries the request to shut down to the handlers of one service.
final class GracefulShutdownManager: Sendable {
    @TaskLocal static var current: GracefulShutdownManager?

    private struct State {
        var isShuttingDown = false
        var nextNumber = 0
        var handlers: [(number: Int, call: @Sendable () -> Void)] = []
    }

    private let state = Mutex(State())

    var isShuttingDown: Bool { state.withLock { $0.isShuttingDown } }

    /// Calls the handler at the request, at once if that was made before.
    func add(_ handler: @escaping @Sendable () -> Void) -> Int? {
        let number: Int? = state.withLock { state in
            guard !state.isShuttingDown else { return nil }
            state.nextNumber += 1
            state.handlers.append((state.nextNumber, handler))
            return state.nextNumber
        }
        if number == nil { handler() }
        return number
    }

    func remove(_ number: Int) {
        state.withLock { $0.handlers.removeAll { $0.number == number } }
    }

    func shutDown() {
        let handlers = state.withLock { state in
            defer { state.handlers = [] }
            state.isShuttingDown = true
            return state.handlers
        }
        for handler in handlers { handler.call() }
    }
}

/// Runs an operation, and calls a handler when the service is asked to shut down meanwhile.
///
/// The handler is called at most once, on the thread that asks, and at once if that was before. Outside of a service it is
/// never called.
/// - Parameters:
///   - operation: What to run.
///   - handler: What makes the operation come to its end.
/// - Returns: What the operation returns.
/// - Throws: What the operation throws.
public nonisolated(nonsending) func withGracefulShutdownHandler<Value>(
    operation: () async throws -> Value,
    onGracefulShutdown handler: @escaping @Sendable () -> Void
) async rethrows -> Value {
    let manager = GracefulShutdownManager.current
    let number = manager?.add(handler)
    defer { if let number { manager?.remove(number) } }
    return try await operation()
}

/// Suspends until the service is asked to shut down.
/// - Throws: `CancellationError` when the task is cancelled before.
public nonisolated(nonsending) func gracefulShutdown() async throws {
    let (requests, request) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let isRequested = await withGracefulShutdownHandler {
        var iterator = requests.makeAsyncIterator()
        return await iterator.next(isolation: #isolation) != nil
    } onGracefulShutdown: {
        request.yield()
    }
    // Outside of a service nobody holds the source otherwise, and its end would look like a cancellation.
    withExtendedLifetime(request) {}
    guard isRequested else { throw CancellationError() }
}

/// Runs an operation in a child task that is cancelled when the service is asked to shut down.
/// - Parameter operation: What to run.
/// - Returns: What the operation returns, also after it was cancelled.
/// - Throws: What the operation throws.
public nonisolated(nonsending) func cancelWhenGracefulShutdown<Value: Sendable>(
    _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            // Cancelled when the operation has ended first; either way there is nothing left to wait for.
            try? await gracefulShutdown()
            return nil
        }
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let value = result { return value }
            group.cancelAll()
        }
        throw CancellationError()
    }
}

extension Task where Success == Never, Failure == Never {
    /// Whether the service this task belongs to was asked to shut down.
    public static var isShuttingDownGracefully: Bool {
        GracefulShutdownManager.current?.isShuttingDown ?? false
    }
}
