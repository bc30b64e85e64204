// swift-tools-version: 6.2

import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A target of ocean itself, compiled a second time; the link `ocean` leads to its sources. What is measured is that very
/// code, seen through its package interface and across a module boundary, as the server sees it.
func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, path: "ocean/\(name)", swiftSettings: swift)
}

func benchmark(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: swift)
}

let package = Package(
  name: "ocean-benchmarks",
  targets: [
    .systemLibrary(name: "COpenSSL", path: "ocean/COpenSSL", pkgConfig: "openssl"),
    .systemLibrary(name: "CCrypt", path: "ocean/CCrypt", pkgConfig: "libcrypt"),
    .target(name: "CLinux", path: "ocean/CLinux"),
    library("OceanPlan", ["COpenSSL"]),
    library("OceanStore", ["CLinux"]),
    library("OceanAccess", ["OceanPlan", "COpenSSL", "CCrypt"]),
    .target(name: "TestSupport", swiftSettings: swift),
    benchmark("AddressSets", ["OceanPlan", "TestSupport"]),
    benchmark("Guard", ["OceanAccess", "OceanPlan", "TestSupport"]),
    benchmark("PlanDiff", ["OceanPlan", "TestSupport"]),
    benchmark("Store", ["OceanStore"]),
  ]
)
