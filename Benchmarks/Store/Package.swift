// swift-tools-version: 6.2

import PackageDescription

// `OceanStore` and `CLinux` are links to the sources: what is measured is that very code, through its package interface.
let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "Store",
  targets: [
    .target(name: "CLinux"),
    .target(name: "OceanStore", dependencies: ["CLinux"], swiftSettings: swift),
    .executableTarget(name: "Store", dependencies: ["OceanStore"], swiftSettings: swift),
  ]
)
