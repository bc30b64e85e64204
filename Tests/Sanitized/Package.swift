// swift-tools-version: 6.2

import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }

// OceanTLS and its tests alone: with a sanitizer the whole of ocean would have to be built anew for each.
let package = Package(
  name: "ocean-sanitized",
  dependencies: [.package(url: "https://github.com/apple/swift-nio", exact: "2.101.2")],
  targets: [
    .systemLibrary(name: "COpenSSL", path: "COpenSSL", pkgConfig: "openssl"),
    .target(name: "OceanBase", path: "OceanBase", swiftSettings: swift),
    .target(
      name: "OceanTLS", dependencies: ["OceanBase", "COpenSSL", nio("NIOCore")], path: "OceanTLS",
      swiftSettings: swift),
    .target(name: "TestSupport", path: "TestSupport", swiftSettings: swift),
    .testTarget(
      name: "OceanTLSTests",
      dependencies: [
        "OceanBase", "OceanTLS", "COpenSSL", "TestSupport", nio("NIOEmbedded"), nio("NIOPosix"),
      ],
      path: "OceanTLSTests", swiftSettings: swift,
      // The default linker warns about each of AddressSanitizer's functions.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"])]),
  ]
)
