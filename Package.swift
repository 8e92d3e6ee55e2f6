// swift-tools-version: 6.3
import PackageDescription

// The release program is laid out by the path of a task: each function has a section of its own, and the linker puts those
// that a task calls beside each other. scripts/order-functions writes the list; a name in it that is gone means nothing.
let orderFile = "\(Context.packageDirectory)/Profiles/task-path.order"
let layoutFlags =
    ["-use-ld=lld"]
    + ["--symbol-ordering-file=\(orderFile)", "--no-warn-symbol-ordering"].flatMap { ["-Xlinker", $0] }

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-Xfrontend", "-function-sections"], .when(configuration: .release)),
]
let systemSettings = settings + [.strictMemorySafety()]

// The supervisor is plain C; "Embedded" keeps the Swift runtime out of it. It is linked statically, which no sanitizer
// supports, so `make sanitize` asks for the address sanitizer in it by name and gets it linked dynamically.
let isSupervisorSanitized = Context.environment["VIGIL_SUPERVISOR_SANITIZER"] != nil
let supervisorCompilerFlags = isSupervisorSanitized ? [] : ["-fno-sanitize=all"]
let supervisorLinkerFlags =
    ["-enable-experimental-feature", "Embedded"]
    + (isSupervisorSanitized ? [] : ["-static", "-fno-sanitize=all"]).flatMap { ["-Xclang-linker", $0] }
    + ["-Xclang-linker", "-Wno-unused-command-line-argument"]

/// A library target whose imports `make check` compares with `dependencies`.
func library(_ name: String, _ dependencies: [Target.Dependency] = [], system: Bool = false) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: system ? systemSettings : settings)
}

/// A test target for the target of the same name without `Tests`, plus what else it needs.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "vigil",
    products: [
        .executable(name: "vigil", targets: ["vigil"]),
        .executable(name: "vigil-supervisor", targets: ["vigil-supervisor"]),
        .executable(name: "fault-campaign", targets: ["fault-campaign"]),
        .executable(name: "api-stand", targets: ["api-stand"]),
    ],
    targets: [
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CDashboard", exclude: ["assets"]),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),

        library("ArgumentParser"),
        library("Logging"),
        library("Metrics"),
        library("Resilience"),
        library("QueueModel", ["COpenSSL"]),

        library("SystemKit", ["CLinux", "COpenSSL"], system: true),

        library("ServiceLifecycle", ["Logging", "SystemKit"]),
        library("Observability", ["Logging", "Metrics", "QueueModel", "SystemKit"]),
        library("Supervision", ["CLinux", "Logging", "QueueModel", "SystemKit"], system: true),

        library("HTTPServer", ["Logging", "ServiceLifecycle", "SystemKit"]),
        library("FileQueue", ["Logging", "QueueModel", "SystemKit"]),
        library("Agents", ["QueueModel", "Supervision", "SystemKit"]),
        library("Settings", ["Agents", "QueueModel", "SystemKit"]),

        library(
            "Worker",
            [
                "Agents", "FileQueue", "Logging", "Metrics", "QueueModel", "Resilience", "ServiceLifecycle",
                "Supervision", "SystemKit",
            ]
        ),
        library(
            "Orchestrator",
            ["CSQLite", "FileQueue", "Logging", "Metrics", "QueueModel", "ServiceLifecycle", "SystemKit"]
        ),
        library(
            "OrchestratorAPI",
            ["CDashboard", "HTTPServer", "Logging", "QueueModel", "ServiceLifecycle", "SystemKit"]
        ),
        library(
            "Commands",
            [
                "Agents", "ArgumentParser", "FileQueue", "HTTPServer", "Logging", "Metrics", "Observability",
                "Orchestrator", "OrchestratorAPI", "QueueModel", "Resilience",
                "ServiceLifecycle", "Settings", "Supervision", "SystemKit", "Worker",
            ]
        ),

        .executableTarget(
            name: "vigil",
            dependencies: ["ArgumentParser", "Commands"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(layoutFlags, .when(configuration: .release))]
        ),
        .executableTarget(
            name: "vigil-supervisor",
            cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(supervisorCompilerFlags)],
            linkerSettings: [.unsafeFlags(supervisorLinkerFlags)]
        ),

        .target(
            name: "TestSupport",
            dependencies: ["CLinux", "Logging", "QueueModel", "SystemKit"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .target(name: "CTracing", path: "Tests/CTracing", cSettings: [.define("_GNU_SOURCE")]),
        .target(
            name: "APITestSupport",
            dependencies: ["HTTPServer", "OrchestratorAPI", "QueueModel"],
            path: "Tests/APITestSupport",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "api-stand",
            dependencies: [
                "APITestSupport", "HTTPServer", "Logging", "OrchestratorAPI", "QueueModel", "ServiceLifecycle",
                "SystemKit",
            ],
            path: "Tests/APIStand",
            swiftSettings: settings
        ),
        .target(
            name: "FaultChecker",
            dependencies: ["QueueModel", "SystemKit"],
            path: "Tests/FaultChecker",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "fault-campaign",
            dependencies: [
                "Agents", "ArgumentParser", "FaultChecker", "FileQueue", "QueueModel", "Resilience", "Supervision",
                "SystemKit", "TestSupport", "Worker",
            ],
            path: "Tests/FaultCampaign",
            swiftSettings: settings
        ),
        tests("FaultCheckerTests", ["FaultChecker", "QueueModel"]),
        tests("TestSupportTests", ["Logging", "QueueModel", "SystemKit", "vigil", "vigil-supervisor"]),
        tests("ArgumentParserTests", ["ArgumentParser"]),
        tests("LoggingTests", ["Logging"]),
        tests("MetricsTests", ["Metrics"]),
        tests("ResilienceTests", ["Resilience"]),
        tests("QueueModelTests", ["QueueModel"]),
        tests("SystemKitTests", ["SystemKit"]),
        tests("ServiceLifecycleTests", ["Logging", "ServiceLifecycle", "SystemKit"]),
        tests("ObservabilityTests", ["Logging", "Metrics", "Observability", "QueueModel", "SystemKit"]),
        tests(
            "SupervisionTests",
            ["CTracing", "Logging", "QueueModel", "Supervision", "SystemKit", "vigil-supervisor"]
        ),
        tests("HTTPServerTests", ["HTTPServer", "Logging", "ServiceLifecycle", "SystemKit"]),
        tests("FileQueueTests", ["FileQueue", "QueueModel", "SystemKit"]),
        tests(
            "AgentsTests",
            ["Agents", "QueueModel", "Supervision", "SystemKit"],
            exclude: ["Samples"]
        ),
        tests("SettingsTests", ["Agents", "QueueModel", "Settings", "SystemKit"]),
        tests(
            "WorkerTests",
            ["Agents", "FileQueue", "QueueModel", "Resilience", "Supervision", "SystemKit", "Worker"]
        ),
        tests("OrchestratorTests", ["FileQueue", "Orchestrator", "QueueModel", "SystemKit"]),
        tests("OrchestratorAPITests", ["APITestSupport", "HTTPServer", "OrchestratorAPI", "QueueModel", "SystemKit"]),
        tests(
            "CommandsTests",
            ["ArgumentParser", "Commands", "FileQueue", "QueueModel", "Settings", "SystemKit"],
            exclude: ["Goldens"]
        ),
        tests("EndToEndTests", ["HTTPServer", "Orchestrator", "QueueModel", "SystemKit", "vigil", "vigil-supervisor"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c2x
)
