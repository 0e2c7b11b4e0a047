// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "NetworkBenchmark",
  dependencies: [.package(name: "SolidFade", path: "../../..")],
  targets: [
    .executableTarget(
      name: "NetworkBenchmark", dependencies: [.product(name: "ResidualLearning", package: "SolidFade")],
      swiftSettings: [.swiftLanguageMode(.v6)])
  ]
)
