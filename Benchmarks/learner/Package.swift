// swift-tools-version: 6.2
import PackageDescription

// The learner alone, by links to its sources, so that measuring it builds neither the tool nor its dependencies.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "LearnerBench",
  targets: [
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(name: "NumericalMethods", dependencies: ["CBLAS"], swiftSettings: settings),
    .target(name: "ResidualLearning", dependencies: ["NumericalMethods"], swiftSettings: settings),
    .executableTarget(
      name: "LearnerBench", dependencies: ["ResidualLearning", "NumericalMethods"], swiftSettings: settings),
  ]
)
