import ArgumentParser
import Foundation
import RunDocuments
import SolidFade

/// `solidfade validate`: the sulfide physics against published checkpoints.
struct Validate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put the sulfide physics against every published checkpoint of a literature dataset.",
    discussion: """
      The prior alone and fits that leave the paper out, beside baselines; contrasts within papers; the checkpoints of
      the review; what contradicts the physics. With --out: validation.md, checkpoints.csv, contrasts.csv and
      calibration.json, which `simulate --calibration` reads.

      Example:
        solidfade validate datasets/sulfide-literature -o validation
      """)

  @Argument(help: "Dataset folder of kind literature, sulfide cells.") var data: String
  @Option(help: "Draws of each cell in a population.") var members = 64
  @Option(help: "Populations, each with its own draws.") var seeds = 3
  @Option(help: "Parameters of the reference cell (JSON): names and values.") var params: String?
  @Option(help: "Own materials (JSON): one, or a list; may be repeated.") var materials: [String] = []
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if members < 8 || members > 10_000 { throw ValidationError("--members is \(members); give 8…10000") }
    if seeds < 1 || seeds > 100 { throw ValidationError("--seeds is \(seeds); give 1…100") }
  }

  func run() async throws {
    let run = CommandRun(name: "validate", global: global)
    try await run.run {
      let dataset = try DatasetReader.read(data)
      let published = try checked(dataset)
      var prior = SulfidePopulation()
      if let params { prior.base = try PhysicsFiles.parameters(params) }
      prior.library = prior.library.adding(try materials.flatMap(PhysicsFiles.materials))
      let populations = (0..<UInt64(seeds)).map { global.seed &+ $0 }
      do {
        let result = try await PhysicsValidation.run(
          published, prior: prior, members: members, seeds: populations, threads: global.taskCount
        ) { done, total in run.progress?(ProgressEvent(stage: "fit", done: done, total: total)) }
        let page = try await ValidationPage(
          result, prior: prior, dataset: dataset.description.name, seeds: populations, threads: global.taskCount)
        var outcome = Outcome(warnings: dataset.warnings)
        outcome.document = page.document
        outcome.text = page.summary
        if let out = global.out {
          try AtomicWrite.folder(
            out,
            files: page.files.merging(
              ["run.json": RunRecord.bytes(command: "validate", inputs: [data], global: global)]) { $1 },
            replacing: global.force)
          outcome.text += "Wrote \(out)\n"
        }
        return outcome
      } catch let error as DesignError {
        throw DataFaults(
          DataFault(
            "E024", file: data, field: error.field,
            "column \"\(error.field)\": found \(error.found), expected \(error.allowed)", help: "correct the cell"))
      }
    }
  }

  /// The checkpoints, after a look at whether the dataset is one of them.
  private func checked(_ dataset: Dataset) throws -> PublishedCheckpoints {
    let d = dataset.description
    func refuse(_ field: String, _ found: String, _ wanted: String) -> DataFaults {
      DataFaults(
        DataFault(
          "E014", file: dataset.folder ?? data, field: field, "\(d.name) has \(field) \(found), expected \(wanted)",
          help: "give published checkpoints of sulfide cells, such as datasets/sulfide-literature"))
    }
    if d.kind != .literature { throw refuse("kind", d.kind.rawValue, DatasetKind.literature.rawValue) }
    if d.family != .sulfideSolidState {
      throw refuse("cell_family", d.family.rawValue, CellFamily.sulfideSolidState.rawValue)
    }
    if d.capacityColumn != "capacity_retention" { throw refuse("capacity", d.capacityColumn, "capacity_retention") }
    let published = PublishedCheckpoints(dataset.cells)
    let papers = Set(published.scored.map { published.rows[$0].paper })
    guard papers.count >= 2 else {
      throw DataFaults(
        DataFault(
          "E046", file: dataset.folder ?? data, field: "lab_id",
          "\(papers.count) papers with a checkpoint from cycle \(shortest(PublishedCheckpoints.firstScoredCycle)) on, at least 2 are needed to leave one out",
          help: "add checkpoints"))
    }
    return published
  }
}
