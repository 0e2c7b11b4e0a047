// swift-tools-version: 6.2
import PackageDescription

// The physics alone, by links to the sources of the product: nothing else is built.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "PhysicsBenchmark",
  targets: [
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas"),
    .target(name: "NumericalMethods", dependencies: ["CBLAS"], swiftSettings: settings),
    .target(name: "CellModel", swiftSettings: settings),
    .target(name: "DegradationPhysics", dependencies: ["NumericalMethods", "CellModel"], swiftSettings: settings),
    .executableTarget(
      name: "PhysicsBenchmark", dependencies: ["DegradationPhysics", "CellModel", "NumericalMethods"],
      swiftSettings: settings),
  ]
)
