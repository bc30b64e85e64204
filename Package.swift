// swift-tools-version: 6.2

import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: swift)
}

let package = Package(
  name: "ocean",
  products: [.executable(name: "ocean", targets: ["ocean"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
    .target(name: "CLinux"),

    library("OceanSyntax", ["CLibYAML"]),
    library("OceanPlan", ["COpenSSL"]),
    library("OceanCompiler", ["OceanSyntax", "OceanPlan"]),
    library("OceanPOP3", [nioCore]),
    library("OceanStore", ["CLinux"]),
    library("OceanAccess", ["OceanPlan", "COpenSSL", "CCrypt"]),
    library("OceanTLS", ["COpenSSL", nioCore]),
    library(
      "OceanEngine",
      [
        "OceanPlan", "OceanPOP3", "OceanStore", "OceanAccess", "OceanTLS", "CLinux", nioCore, nioPosix,
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "ocean",
      dependencies: [
        "OceanSyntax", "OceanPlan", "OceanCompiler", "OceanAccess", "OceanTLS", "OceanEngine", "CLinux",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),

    tests("OceanSyntaxTests", ["OceanSyntax"]),
    tests("OceanPlanTests", ["OceanPlan"]),
    .testTarget(
      name: "OceanCompilerTests", dependencies: ["OceanCompiler"], exclude: ["Bad", "Corpus", "Plans"],
      swiftSettings: swift),
    tests("OceanPOP3Tests", ["OceanPOP3", nioCore]),
    tests("OceanStoreTests", ["OceanStore"]),
    tests("OceanAccessTests", ["OceanAccess"]),
    tests("OceanTLSTests", ["OceanTLS", "COpenSSL", nioEmbedded, nioPosix]),
    tests("OceanEngineTests", ["OceanEngine", nioEmbedded]),
    tests("OceanTests", ["ocean"]),
  ]
)
