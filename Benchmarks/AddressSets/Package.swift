// swift-tools-version: 6.2

import PackageDescription

// `Addresses` is a link to Sources/OceanPlan/Addresses: what is measured is that very code, seen through its
// package interface and across a module boundary, as the server sees it.
let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "AddressSets",
  targets: [
    .target(name: "Addresses", swiftSettings: swift),
    .executableTarget(name: "AddressSets", dependencies: ["Addresses"], swiftSettings: swift),
  ]
)
