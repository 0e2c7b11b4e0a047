// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "TabularLearning",
  dependencies: [.package(name: "SolidFade", path: "../..")],
  targets: [
    .executableTarget(
      name: "TabularLearning", dependencies: [.product(name: "ResidualLearning", package: "SolidFade")],
      swiftSettings: [.swiftLanguageMode(.v6)])
  ]
)
