// swift-tools-version: 6.2
import PackageDescription

// Search, proposals and their mathematics, by links to the sources of the product: nothing else is built.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// Timings of parts that the product keeps to itself.
let testable: [SwiftSetting] = settings + [.unsafeFlags(["-enable-testing"])]

let package = Package(
  name: "OptimiseBenchmark",
  targets: [
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas"),
    .target(name: "NumericalMethods", dependencies: ["CBLAS"], swiftSettings: testable),
    .target(name: "ResidualLearning", dependencies: ["NumericalMethods"], swiftSettings: settings),
    .target(name: "DesignOptimization", dependencies: ["NumericalMethods", "ResidualLearning"], swiftSettings: settings),
    .executableTarget(name: "OptimiseBenchmark", dependencies: ["DesignOptimization", "NumericalMethods"], swiftSettings: settings),
  ]
)
