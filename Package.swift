// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]
let systemSettings = settings + [.strictMemorySafety()]

/// A library target whose imports `make check` compares with `dependencies`.
func library(_ name: String, _ dependencies: [Target.Dependency] = [], system: Bool = false) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: system ? systemSettings : settings)
}

/// A test target for the target of the same name without `Tests`, plus what else it needs.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

let package = Package(
    name: "vigil",
    products: [
        .executable(name: "vigil", targets: ["vigil"]),
        .executable(name: "vigil-supervisor", targets: ["vigil-supervisor"]),
    ],
    targets: [
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),

        library("ArgumentParser"),
        library("Logging"),
        library("Metrics"),
        library("Resilience"),
        library("QueueModel"),

        library("SystemKit", ["CLinux"], system: true),

        library("ServiceLifecycle", ["Logging", "SystemKit"]),
        library("Observability", ["Logging", "Metrics", "SystemKit"]),
        library("Supervision", ["CLinux", "Logging", "QueueModel", "SystemKit"], system: true),

        library("HTTPServer", ["Logging", "ServiceLifecycle", "SystemKit"]),
        library("FileQueue", ["Logging", "QueueModel", "SystemKit"]),
        library("Agents", ["QueueModel", "Supervision"]),
        library("Settings", ["Agents", "QueueModel"]),

        library(
            "Worker",
            [
                "Agents", "FileQueue", "Logging", "Metrics", "QueueModel", "Resilience", "ServiceLifecycle", "Settings",
                "Supervision", "SystemKit",
            ]
        ),
        library(
            "Commands",
            [
                "Agents", "ArgumentParser", "FileQueue", "HTTPServer", "Logging", "Metrics", "Observability",
                "QueueModel",
                "ServiceLifecycle", "Settings", "Supervision", "SystemKit", "Worker",
            ]
        ),

        .executableTarget(name: "vigil", dependencies: ["Commands"], swiftSettings: settings),
        // Plain C, linked statically; "Embedded" keeps the Swift runtime out of it.
        .executableTarget(
            name: "vigil-supervisor",
            cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [
                .unsafeFlags([
                    "-enable-experimental-feature", "Embedded", "-Xclang-linker", "-static", "-Xclang-linker",
                    "-Wno-unused-command-line-argument",
                ])
            ]
        ),

        .target(
            name: "TestSupport",
            dependencies: ["CLinux", "Logging", "QueueModel", "SystemKit"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        tests("ArgumentParserTests", ["ArgumentParser"]),
        tests("LoggingTests", ["Logging"]),
        tests("MetricsTests", ["Metrics"]),
        tests("ResilienceTests", ["Resilience"]),
        tests("QueueModelTests", ["QueueModel"]),
        tests("SystemKitTests", ["SystemKit"]),
        tests("ServiceLifecycleTests", ["Logging", "ServiceLifecycle", "SystemKit"]),
        tests("ObservabilityTests", ["Logging", "Metrics", "Observability", "SystemKit"]),
        tests("SupervisionTests", ["CLinux", "QueueModel", "Supervision", "SystemKit", "vigil-supervisor"]),
        tests("HTTPServerTests", ["HTTPServer", "SystemKit"]),
        tests("FileQueueTests", ["FileQueue", "QueueModel", "SystemKit"]),
        tests("AgentsTests", ["Agents", "QueueModel", "Supervision"]),
        tests("SettingsTests", ["Agents", "QueueModel", "Settings"]),
        tests("WorkerTests", ["QueueModel", "Resilience", "Worker"]),
        tests("CommandsTests", ["ArgumentParser", "Commands"]),
        tests("EndToEndTests", ["QueueModel", "SystemKit", "vigil", "vigil-supervisor"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c2x
)
