// swift-tools-version: 6.2

import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  // Coverage for libFuzzer; `assert` although optimised; what has no package interface without IO is still reached.
  .unsafeFlags(["-sanitize=fuzzer", "-assert-config", "Debug", "-enable-testing"]),
]

/// A target of ocean itself, compiled a second time; the link `ocean` leads to its sources.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "ocean/\(name)", swiftSettings: swift)
}

/// An executable whose `main` is libFuzzer's. It is in C because SwiftPM renames the `main` of those in Swift.
func fuzzer(_ name: String) -> Target {
  .executableTarget(
    name: name, dependencies: ["Fuzzers"],
    linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])
}

let package = Package(
  name: "ocean-fuzz",
  dependencies: [.package(url: "https://github.com/apple/swift-nio", exact: "2.101.2")],
  targets: [
    .systemLibrary(name: "CLibYAML", path: "ocean/CLibYAML", pkgConfig: "yaml-0.1"),
    .systemLibrary(name: "COpenSSL", path: "ocean/COpenSSL", pkgConfig: "openssl"),
    .systemLibrary(name: "CCrypt", path: "ocean/CCrypt", pkgConfig: "libcrypt"),
    .target(name: "CLinux", path: "ocean/CLinux"),
    library("OceanBase"),
    library("OceanSyntax", ["OceanBase", "CLibYAML"]),
    library("OceanAddresses"),
    library("OceanUIDL"),
    library("OceanPlan", ["OceanBase", "OceanAddresses", "OceanUIDL", "COpenSSL"]),
    library("OceanCompiler", ["OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanUIDL"]),
    library("OceanPOP3", ["OceanBase", .product(name: "NIOCore", package: "swift-nio")]),
    library("OceanStore", ["OceanBase", "OceanUIDL", "CLinux"]),
    library("OceanAccess", ["OceanBase", "OceanAddresses", "OceanPlan", "COpenSSL", "CCrypt"]),
    library("OceanReplay", ["OceanBase", "OceanAddresses", "OceanPlan", "OceanAccess", "CLinux"]),
    library("OceanTLS", ["OceanBase", "COpenSSL", .product(name: "NIOCore", package: "swift-nio")]),
    .target(name: "TestSupport", swiftSettings: swift),
    .target(
      name: "Fuzzers",
      dependencies: [
        "OceanBase", "OceanSyntax", "OceanAddresses", "OceanPlan", "OceanCompiler", "OceanPOP3", "OceanStore",
        "OceanAccess", "OceanReplay", "OceanTLS", "OceanUIDL", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ],
      swiftSettings: swift),
    fuzzer("fuzz-config"),
    fuzzer("fuzz-session"),
    fuzzer("fuzz-message"),
    fuzzer("fuzz-accounts"),
    fuzzer("fuzz-answers"),
    fuzzer("fuzz-list"),
    fuzzer("fuzz-log"),
    fuzzer("fuzz-maildir"),
    fuzzer("fuzz-index"),
    fuzzer("fuzz-uidlist"),
    fuzzer("fuzz-cyrus"),
    fuzzer("fuzz-plan"),
    fuzzer("fuzz-tls"),
    fuzzer("fuzz-proxy"),
    fuzzer("fuzz-engine"),
    fuzzer("fuzz-blocks"),
  ]
)
