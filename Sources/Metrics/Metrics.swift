// SPDX-License-Identifier: Apache-2.0
// Metrics and the factory that makes them.

import Synchronization

public protocol CounterHandler: AnyObject, Sendable {
    func increment(by amount: Int64)
    func reset()
}
public protocol MeterHandler: AnyObject, Sendable {
    func set(_ value: Int64)
    func set(_ value: Double)
    func increment(by amount: Double)
    func decrement(by amount: Double)
}
public protocol TimerHandler: AnyObject, Sendable { func recordNanoseconds(_ duration: Int64) }
public protocol RecorderHandler: AnyObject, Sendable {
    func record(_ value: Int64)
    func record(_ value: Double)
}

public protocol MetricsFactory: Sendable {
    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler
}

public enum MetricsSystem {
    private static let current = Mutex<(any MetricsFactory)?>(nil)
    public static func bootstrap(_ factory: any MetricsFactory) {
        current.withLock { current in
            precondition(current == nil, "metrics can only be bootstrapped once per process")
            current = factory
        }
    }
    public static var factory: any MetricsFactory { current.withLock { $0 } ?? NOOPMetricsHandler.instance }
}

public final class NOOPMetricsHandler: MetricsFactory, CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    public static let instance = NOOPMetricsHandler()
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { self }
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { self }
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        self
    }
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { self }
    public func increment(by: Int64) {}
    public func reset() {}
    public func set(_: Int64) {}
    public func set(_: Double) {}
    public func increment(by: Double) {}
    public func decrement(by: Double) {}
    public func record(_: Int64) {}
    public func record(_: Double) {}
    public func recordNanoseconds(_: Int64) {}
}

public final class Counter: Sendable {
    private let handler: any CounterHandler
    public let label: String
    public init(label: String, dimensions: [(String, String)] = [], factory: any MetricsFactory = MetricsSystem.factory)
    {
        self.label = label
        handler = factory.makeCounter(label: label, dimensions: dimensions)
    }
    public func increment(by amount: some BinaryInteger) { handler.increment(by: Int64(clamping: amount)) }
    public func increment() { handler.increment(by: 1) }
}

public final class Meter: Sendable {
    private let handler: any MeterHandler
    public init(label: String, dimensions: [(String, String)] = [], factory: any MetricsFactory = MetricsSystem.factory)
    {
        handler = factory.makeMeter(label: label, dimensions: dimensions)
    }
    public func set(_ value: some BinaryInteger) { handler.set(Int64(clamping: value)) }
    public func increment() { handler.increment(by: 1.0) }
    public func decrement() { handler.decrement(by: 1.0) }
}

public final class Timer: Sendable {
    private let handler: any TimerHandler
    public init(label: String, dimensions: [(String, String)] = [], factory: any MetricsFactory = MetricsSystem.factory)
    {
        handler = factory.makeTimer(label: label, dimensions: dimensions)
    }
    public func recordNanoseconds(_ duration: Int64) { handler.recordNanoseconds(duration) }
    public func record(duration: Duration) {
        let (seconds, atto) = duration.components
        handler.recordNanoseconds(seconds * 1_000_000_000 + atto / 1_000_000_000)
    }
}
