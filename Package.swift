// swift-tools-version: 6.2
import Foundation
import PackageDescription

// The documentation plugin costs every build; it is there only for `make docs`.
let documentation: [Package.Dependency] =
  ProcessInfo.processInfo.environment["SOLIDFADE_DOCS"] == nil
  ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")]

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

func target(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
  name: "SolidFade",
  products: [
    .library(name: "SolidFade", targets: ["SolidFade"]),
    .library(name: "ResidualLearning", targets: ["ResidualLearning"]),
    .library(name: "SolidFadeC", type: .dynamic, targets: ["SolidFadeC"]),
    .executable(name: "solidfade", targets: ["SolidFadeTool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ] + documentation,
  targets: [
    .systemLibrary(name: "CBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    target("NumericalMethods", ["CBLAS"]),
    target("CellModel", []),
    target("ResidualLearning", ["NumericalMethods"]),
    target("DegradationPhysics", ["NumericalMethods", "CellModel"]),
    target(
      "BatteryData",
      ["CellModel", "NumericalMethods", "CZlib", "CCrypto", .product(name: "TOMLKit", package: "TOMLKit")]),
    target("CyclerImport", ["BatteryData", "CellModel", .product(name: "TOMLKit", package: "TOMLKit")]),
    target(
      "LifetimeForecast",
      ["DegradationPhysics", "ResidualLearning", "BatteryData", "NumericalMethods", "CellModel"]),
    target(
      "DesignOptimization",
      [
        "LifetimeForecast", "DegradationPhysics", "ResidualLearning", "BatteryData", "NumericalMethods", "CellModel",
        .product(name: "TOMLKit", package: "TOMLKit"),
      ]),
    target(
      "Reporting", ["LifetimeForecast", .product(name: "Mustache", package: "swift-mustache")],
      resources: [.embedInCode("Templates")]),
    target(
      "SolidFade",
      [
        "NumericalMethods", "CellModel", "ResidualLearning", "DegradationPhysics", "BatteryData", "CyclerImport",
        "LifetimeForecast", "DesignOptimization", "Reporting",
      ]),
    target("RunDocuments", ["SolidFade"]),
    target("SolidFadeC", ["RunDocuments", "SolidFade"], exclude: ["solidfade.h"]),
    .executableTarget(
      name: "SolidFadeTool",
      dependencies: ["RunDocuments", "SolidFade", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: settings),
    tests("NumericalMethodsTests", ["NumericalMethods"], exclude: ["Reference"]),
    tests("ResidualLearningTests", ["ResidualLearning", "NumericalMethods"], exclude: ["Reference"]),
    tests("DegradationPhysicsTests", ["DegradationPhysics", "CellModel", "NumericalMethods"], exclude: ["Reference"]),
    tests("BatteryDataTests", ["BatteryData", "CellModel"]),
    tests("CyclerImportTests", ["CyclerImport", "BatteryData", "CellModel"]),
    tests(
      "LifetimeForecastTests",
      ["LifetimeForecast", "BatteryData", "CellModel", "NumericalMethods", "ResidualLearning", "DegradationPhysics"]),
    tests(
      "DesignOptimizationTests",
      ["DesignOptimization", "LifetimeForecast", "BatteryData", "DegradationPhysics", "CellModel", "NumericalMethods"]),
    tests("ReportingTests", ["Reporting"]),
    tests("CommandTests", ["BatteryData", "CellModel"]),
  ],
  cxxLanguageStandard: .cxx17
)
