// swift-tools-version: 6.2

import PackageDescription

let sockets: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

// Where the system's socket addresses meet NIO, the compiler takes their fields to be Glibc's in one build and
// NIO's in another: those targets do without.
let swift = sockets + [.enableUpcomingFeature("MemberImportVisibility")]

// Code that no client waits for, or that costs little of a session, is made small: the program stays under 30 MB.
let size: [SwiftSetting] = [.unsafeFlags(["-Osize"], .when(configuration: .release))]
let small = sockets + size

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")

func library(
  _ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = swift
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = swift
) -> Target {
  .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

/// `swift run -c release NAME`.
func benchmark(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Benchmarks/\(name)", swiftSettings: swift)
}

// What `ocean --version` says beside the version. `make release` gives the commit and its date; any other build says
// neither. Context.gitInformation would not do: it is of the commit at which this file was first read.
let commit = Context.environment["OCEAN_COMMIT"] ?? ""

// What Hummingbird and NIO are made of. It is linked in any case; a version is only taken from here if a target names it.
let pinned: [Target.Dependency] = [
  .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
  .product(name: "Atomics", package: "swift-atomics"),
  .product(name: "DequeModule", package: "swift-collections"),
  .product(name: "NIOExtras", package: "swift-nio-extras"),
  .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
]

let package = Package(
  name: "ocean",
  products: [.executable(name: "ocean", targets: ["ocean"])],
  // Exact versions of all that is linked, so that the same commit makes the same program.
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),

    .package(url: "https://github.com/apple/swift-async-algorithms", exact: "1.1.4"),
    .package(url: "https://github.com/apple/swift-atomics", exact: "1.3.0"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
    .target(name: "CLinux"),
    // Alone, so that a commit compiles nothing else again.
    .target(name: "CBuild", cSettings: [.define("OCEAN_COMMIT", to: "\"\(commit)\"")]),

    library("OceanBase"),
    library("OceanSyntax", ["OceanBase", "CLibYAML"], settings: swift + size),
    library("OceanAddresses"),
    library("OceanUIDL"),
    library(
      "OceanPlan", ["OceanBase", "OceanAddresses", "OceanUIDL", "COpenSSL"], settings: swift + size),
    library(
      "OceanControlAPI", ["OceanBase", "OceanAddresses", "OceanPlan"], settings: swift + size),
    library(
      "OceanCompiler", ["OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanUIDL"],
      settings: swift + size),
    library("OceanPOP3", ["OceanBase", nioCore]),
    library("OceanStore", ["OceanBase", "OceanUIDL", "CLinux"]),
    library(
      "OceanAccess", ["OceanBase", "OceanAddresses", "OceanPlan", "COpenSSL", "CCrypt"],
      settings: swift + size),
    library(
      "OceanMonitor", ["OceanBase", "OceanAddresses", "OceanPlan"], settings: swift + size),
    library(
      "OceanReplay", ["OceanBase", "OceanAddresses", "OceanPlan", "OceanAccess", "CLinux"],
      settings: swift + size),
    library("OceanTLS", ["OceanBase", "COpenSSL", nioCore], settings: swift + size),
    library(
      "OceanEngine",
      [
        "OceanBase", "OceanAddresses", "OceanPlan", "OceanControlAPI", "OceanMonitor", "OceanPOP3",
        "OceanStore",
        "OceanAccess", "OceanTLS",
        "CLinux", nioCore, nioPosix, nioHTTP1,
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ], settings: sockets),
    library(
      "OceanHost",
      [
        "OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanControlAPI", "OceanCompiler",
        "OceanStore", "OceanAccess", "OceanReplay", "OceanMonitor", "OceanTLS", "CLinux", nioCore,
      ],
      settings: small),
    library(
      "OceanReport",
      [
        "OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanControlAPI", "OceanCompiler",
        "OceanStore", "OceanReplay", "OceanTLS", "OceanHost", "CLinux",
      ], settings: small),
    library(
      "OceanWebReport",
      ["OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanHost", "OceanReport"],
      settings: small),
    library(
      "OceanFleet",
      [
        "OceanBase", "OceanSyntax", "OceanPlan", "OceanControlAPI", "OceanCompiler", "OceanHost",
        "OceanReport",
      ], settings: small),
    library(
      "OceanClient",
      [
        "OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanControlAPI", "OceanTLS", "OceanHost",
        "OceanReport", nioCore, nioPosix, nioHTTP1,
      ], settings: small),
    library(
      "OceanImport",
      [
        "OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanCompiler", "OceanStore",
        "OceanAccess", "OceanTLS", "OceanHost", "OceanUIDL",
      ], settings: small),
    library(
      "OceanInit",
      [
        "OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanCompiler", "OceanAccess", "OceanTLS",
        "OceanHost",
      ], settings: small),
    library(
      "OceanChange",
      [
        "OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanControlAPI", "OceanCompiler",
        "OceanMonitor", "OceanAccess", "OceanTLS", "OceanEngine", "OceanHost", "OceanReport", "CLinux",
        .product(name: "Logging", package: "swift-log"),
      ], settings: small),
    library(
      "OceanCommandLine",
      [
        "OceanSyntax", "OceanHost", "OceanReport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], settings: small),
    .executableTarget(
      name: "ocean",
      dependencies: [
        "OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanControlAPI", "OceanCompiler",
        "OceanStore", "OceanAccess", "OceanReplay", "OceanImport", "OceanInit", "OceanTLS", "OceanEngine",
        "OceanHost",
        "OceanReport", "OceanWebReport", "OceanFleet", "OceanClient",
        "OceanChange", "OceanCommandLine",
        "CBuild", "CLinux", nioCore, nioPosix, nioHTTP1,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ] + pinned,
      swiftSettings: small,
      // Functions of libraries are found at the start. Found when they are first called, the loader would write the
      // processor's registers to the stack meanwhile, and leave what of a password was in them.
      linkerSettings: [
        .unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"]),
        // The system's linker cannot pack relocations, which `make release` asks for.
        .unsafeFlags(["-use-ld=lld"], .when(configuration: .release)),
      ]),

    benchmark("AddressSets", ["OceanAddresses", "OceanPlan", "TestSupport"]),
    benchmark("Guard", ["OceanBase", "OceanAccess", "OceanAddresses", "TestSupport"]),
    benchmark("PasswdFiles", ["OceanBase", "OceanAccess", "OceanAddresses", "OceanPlan"]),
    benchmark("PlanDiff", ["OceanAddresses", "OceanPlan", "TestSupport"]),
    benchmark("Store", ["OceanStore", "OceanUIDL"]),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swift),
    .target(
      name: "TestPlans", dependencies: ["OceanHost", "TestSupport"], path: "Tests/TestPlans",
      swiftSettings: sockets),
    tests("OceanBaseTests", ["OceanBase"]),
    tests("OceanSyntaxTests", ["OceanSyntax"]),
    tests("OceanAddressesTests", ["OceanAddresses"]),
    tests("OceanUIDLTests", ["OceanUIDL"]),
    tests("OceanPlanTests", ["OceanAddresses", "OceanPlan"]),
    tests("OceanControlAPITests", ["OceanAddresses", "OceanControlAPI", "OceanPlan"]),
    .testTarget(
      name: "OceanCompilerTests", dependencies: ["OceanCompiler", "TestSupport"],
      exclude: ["Bad", "BadTests", "Corpus", "Plans"],
      swiftSettings: swift),
    tests("OceanPOP3Tests", ["OceanPOP3", nioCore]),
    .testTarget(
      name: "OceanStoreTests", dependencies: ["OceanStore", "TestSupport"], exclude: ["CyrusIndexes"],
      swiftSettings: swift),
    tests("OceanAccessTests", ["OceanAccess"]),
    tests("OceanMonitorTests", ["OceanMonitor", "OceanBase"]),
    tests("OceanReplayTests", ["OceanReplay", "OceanAccess", "OceanAddresses", "OceanBase", "OceanPlan"]),
    .testTarget(
      name: "OceanImportTests", dependencies: ["OceanImport", "TestSupport"], exclude: ["Doveconf"],
      swiftSettings: swift),
    tests("OceanInitTests", ["OceanInit", "OceanBase", "OceanCompiler", "OceanHost"], settings: sockets),
    tests("OceanTLSTests", ["OceanBase", "OceanTLS", "COpenSSL", nioEmbedded, nioPosix], settings: sockets),
    tests(
      "OceanEngineTests",
      [
        "OceanEngine", "OceanBase", "OceanPlan", nioEmbedded, .product(name: "Logging", package: "swift-log"),
      ],
      settings: sockets),
    tests("OceanHostTests", ["OceanHost", "TestPlans"], settings: sockets),
    .testTarget(
      name: "OceanReportTests", dependencies: ["OceanReport", "TestPlans"],
      exclude: ["Certificates", "Texts"],
      swiftSettings: sockets),
    .testTarget(
      name: "OceanWebReportTests",
      dependencies: ["OceanWebReport", "OceanAddresses", "OceanPlan", "OceanReport", "TestPlans"],
      exclude: ["Texts"], swiftSettings: sockets),
    .testTarget(
      name: "OceanFleetTests",
      dependencies: [
        "OceanFleet", "OceanCompiler", "OceanControlAPI", "OceanHost", "OceanPlan", "OceanSyntax",
        "TestSupport",
      ],
      exclude: ["Texts"], swiftSettings: sockets),
    tests("OceanClientTests", ["OceanClient", "TestPlans"], settings: sockets),
    tests(
      "OceanCommandLineTests",
      [
        "OceanCommandLine", "OceanReport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], settings: sockets),
    tests(
      "OceanChangeTests",
      [
        "OceanChange", "OceanEngine", "OceanHost", "OceanPlan", "TestPlans",
        .product(name: "Logging", package: "swift-log"),
      ], settings: sockets),
    .testTarget(
      name: "OceanTests", dependencies: ["ocean", "TestSupport"], swiftSettings: sockets),
  ]
)
