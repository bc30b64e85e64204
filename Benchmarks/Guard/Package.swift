// swift-tools-version: 6.2

import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A target of ocean itself, compiled a second time; the link `ocean` leads to its sources.
func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, path: "ocean/\(name)", swiftSettings: swift)
}

let package = Package(
  name: "Guard",
  targets: [
    .systemLibrary(name: "COpenSSL", path: "ocean/COpenSSL", pkgConfig: "openssl"),
    .systemLibrary(name: "CCrypt", path: "ocean/CCrypt", pkgConfig: "libcrypt"),
    library("OceanPlan", ["COpenSSL"]),
    library("OceanAccess", ["OceanPlan", "COpenSSL", "CCrypt"]),
    .target(name: "TestSupport", swiftSettings: swift),
    .executableTarget(
      name: "Guard", dependencies: ["OceanAccess", "OceanPlan", "TestSupport"], swiftSettings: swift),
  ]
)
