// swift-tools-version: 6.2

import PackageDescription

// The targets of ocean are links: what is measured is their very code.
let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "PlanDiff",
  targets: [
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl"),
    .target(name: "OceanPlan", dependencies: ["COpenSSL"], swiftSettings: swift),
    .target(name: "TestSupport", swiftSettings: swift),
    .executableTarget(name: "PlanDiff", dependencies: ["OceanPlan", "TestSupport"], swiftSettings: swift),
  ]
)
