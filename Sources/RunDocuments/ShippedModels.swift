internal import Foundation
package import SolidFade

/// The models that come with the project, and models as runs read them.
package enum ShippedModels {
  /// The folder of the model for a family of cells: beside the project the tool was built in, or in the working folder.
  ///
  /// - Throws: `DataFaults` where none is found.
  package static func path(for family: CellFamily) throws -> String {
    let name = family == .sulfideSolidState ? "sulfide-nmc811" : "liquid-general"
    var folders = [FileManager.default.currentDirectoryPath]
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    for _ in 0..<5 {
      folder.deleteLastPathComponent()
      folders.append(folder.path)
    }
    for base in folders {
      let path = base + "/models/" + name + ".solidfade"
      if FileManager.default.fileExists(atPath: path + "/bundle.json") { return path }
    }
    throw DataFaults(
      DataFault(
        "E048", field: "--model", "no model is named, and the shipped \(name) is not at hand",
        help: "name one with -m, or train one: solidfade train DATA -o m.solidfade"))
  }

  /// A model that makes forecasts, and the hash of its bundle.
  ///
  /// - Parameters:
  ///   - dataset: name of the dataset whose cells will be forecast; nil for any.
  ///   - ages: ages from which forecasts will be asked.
  static func forecaster(
    _ path: String, of dataset: String?, from ages: [Double], threads: Int
  ) async throws -> (model: LifetimeModel, sha256: String) {
    let found = try await LifetimeModel.read(path, forecasting: dataset, from: ages, threads: threads)
    if case .baseline(let name) = found.model.kind {
      throw DataFaults(
        DataFault(
          "E047", file: path, field: "kind", "a baseline:\(name) model is a rival for evaluate; it makes no forecasts",
          help: "train with --kind hybrid, physics or ml"))
    }
    return found
  }
}
