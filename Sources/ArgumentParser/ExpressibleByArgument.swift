// SPDX-License-Identifier: Apache-2.0
// Types that can be read from one argument.

/// A type that can be read from one argument.
public protocol ExpressibleByArgument {
    /// Creates a value from what was typed; nil when that denotes none.
    ///
    /// - Parameter argument: What was typed.
    init?(argument: String)
    /// All values as they are typed, when they can be listed; else empty.
    static var allValueStrings: [String] { get }
    /// The value as the help text shows it.
    var defaultValueDescription: String { get }
}

extension ExpressibleByArgument {
    /// Empty: the values cannot be listed.
    public static var allValueStrings: [String] { [] }
    /// The value's description.
    public var defaultValueDescription: String { "\(self)" }
}

extension ExpressibleByArgument where Self: LosslessStringConvertible {
    /// Creates a value from its description.
    public init?(argument: String) { self.init(argument) }
}

extension ExpressibleByArgument where Self: RawRepresentable, RawValue: ExpressibleByArgument {
    /// Creates a value from its raw value.
    public init?(argument: String) {
        guard let rawValue = RawValue(argument: argument) else { return nil }
        self.init(rawValue: rawValue)
    }

    /// The raw value's description.
    public var defaultValueDescription: String { rawValue.defaultValueDescription }
}

extension ExpressibleByArgument where Self: CaseIterable, Self: RawRepresentable, RawValue: ExpressibleByArgument {
    /// The raw values of all cases.
    public static var allValueStrings: [String] { allCases.map(\.rawValue.defaultValueDescription) }
}

extension ExpressibleByArgument where Self: LosslessStringConvertible, Self: RawRepresentable, RawValue == String {
    /// Creates a value from its raw value.
    public init?(argument: String) { self.init(rawValue: argument) }
}

extension String: ExpressibleByArgument {}
extension Bool: ExpressibleByArgument {}
extension Double: ExpressibleByArgument {}
extension Float: ExpressibleByArgument {}
extension Int: ExpressibleByArgument {}
extension Int8: ExpressibleByArgument {}
extension Int16: ExpressibleByArgument {}
extension Int32: ExpressibleByArgument {}
extension Int64: ExpressibleByArgument {}
extension UInt: ExpressibleByArgument {}
extension UInt8: ExpressibleByArgument {}
extension UInt16: ExpressibleByArgument {}
extension UInt32: ExpressibleByArgument {}
extension UInt64: ExpressibleByArgument {}
