// swift-tools-version: 6.2
import PackageDescription

// The search alone, by links to the sources of the product: nothing else is built.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "OptimiseBenchmark",
  targets: [
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas"),
    .target(name: "NumericalMethods", dependencies: ["CBLAS"], swiftSettings: settings),
    .target(name: "DesignOptimization", dependencies: ["NumericalMethods"], swiftSettings: settings),
    .executableTarget(name: "OptimiseBenchmark", dependencies: ["DesignOptimization", "NumericalMethods"], swiftSettings: settings),
  ]
)
