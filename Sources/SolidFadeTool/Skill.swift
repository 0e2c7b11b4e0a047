import ArgumentParser
import RunDocuments
import SolidFade

/// `solidfade skill`: every visible benchmark in one page, beside published numbers and baselines of the same run.
struct Skill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score the forecast on the measured benchmark datasets and on published sulfide cells.",
    discussion: """
      ROOT is a folder with the benchmark datasets (matr-severson, isu-ilcc-nmc, …) as dataset folders; those that are
      absent are left out, saying so. Liquid and sulfide cells are never pooled.

      Example:
        solidfade skill ../shared/data --sulfide datasets/sulfide-literature -o skill
      """)

  @Argument(help: "Folder that holds the benchmark datasets.") var root: String
  @Option(help: "Literature dataset of sulfide cells.") var sulfide = "datasets/sulfide-literature"
  @Option(help: "Designs of which cells with known truth are simulated.") var designs = "scripts/simulated-designs.csv"
  @Option(help: "Seeds: the model alone is trained and scored again with each further one (not the task of datasets).")
  var seeds = 3
  @Option(help: "Only tasks whose name contains this.") var only: String?
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if !(1...20).contains(seeds) { throw ValidationError("--seeds is \(seeds); give 1…20") }
  }

  func run() async throws {
    let run = CommandRun(name: "skill", global: global)
    try await run.run {
      var page = SkillPage()
      // Read before the long run, so that a wrong path costs none of it.
      let isSulfide = only.map { "sulfide".contains($0) } ?? true
      let literature = isSulfide ? try DatasetReader.read(sulfide) : nil
      let simulated = isSulfide ? try DatasetReader.read(designs) : nil
      var warnings: [DataWarning] = []
      for task in SkillTask.all where only.map({ task.name.contains($0) }) ?? true {
        run.progress?(ProgressEvent(stage: task.name, done: 0, total: 1))
        guard let rows = try await task.rows(root: root, seed: global.seed, rivals: nil, threads: global.taskCount)
        else {
          warnings.append(
            DataWarning("W015", file: root, field: task.name, "\(task.name): dataset absent, left out", help: ""))
          continue
        }
        var again: [ScoreRow] = []
        for k in 1..<UInt64(task.isRepeated ? seeds : 1) {
          again +=
            try await task.rows(root: root, seed: global.seed &+ k, rivals: [], threads: global.taskCount) ?? []
        }
        page.add(task, rows, again: again)
      }
      if only.map({ "ISU".contains($0) }) ?? true {
        run.progress?(ProgressEvent(stage: "ISU, published score", done: 0, total: 1))
        page.published = try await PublishedTrajectoryScore.section(
          root: root, seed: global.seed, threads: global.taskCount)
      }
      if let literature, let simulated {
        run.progress?(ProgressEvent(stage: "sulfide papers", done: 0, total: 1))
        page.sulfide = try await SulfideSkill.section(
          literature: literature, root: root, seed: global.seed, threads: global.taskCount)
        run.progress?(ProgressEvent(stage: "simulated sulfide cells", done: 0, total: 1))
        page.sulfide += try await SimulatedSkill.section(
          literature: literature, designs: simulated, seed: global.seed,
          threads: global.taskCount)
      }
      var outcome = Outcome(warnings: warnings)
      outcome.document = ["metrics": .array(try page.allRows.map { try Tables.tree($0) })]
      outcome.text = page.markdown
      if let out = global.out {
        try AtomicWrite.folder(
          out,
          files: [
            "skill.md": Array(page.markdown.utf8),
            "summary.json": JSONTree.object(outcome.document).serialized(pretty: true),
            "run.json": RunRecord.bytes(command: "skill", inputs: [root, sulfide, designs], global: global),
          ], replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }
}

/// One benchmark: what is trained on, what is forecast, and what has been published for it.
struct SkillTask: Sendable {
  /// How cells are held out.
  enum Test: Sendable {
    /// Parts of a split of the training dataset.
    case split(train: String, test: String)
    /// The same without the curves of the test cells, beside a model that never saw any.
    case splitWithoutCurves(train: String, test: String)
    /// All cells of another dataset.
    case dataset(String)
    /// In turn.
    case crossValidation(HoldOut)
    /// Every dataset in turn, the others train.
    case leaveOneOut
  }

  var name: String
  var datasets: [String]
  var early: CutOff
  var test: Test
  var endFraction: Double?
  /// Published or prototype numbers, with their source.
  var published: String

  static let measured = [
    "matr-severson", "matr-clo2020", "hust-lfp", "tongji-nca-ncm", "tbsi-ncm811", "rwth-nmc", "isu-ilcc-nmc",
    "nca-multistage",
  ]

  static let all: [SkillTask] = [
    SkillTask(
      "Severson primary without b2c1, 100 cycles", "matr-severson", 100,
      .split(train: "severson/train", test: "severson/primary_test_without_b2c1"),
      "RMSE 86 / 100, MAPE 10.1 / 7.5 (discharge / full model, doi:10.1038/s41560-019-0356-8); 97 PCR, 100 PLSR "
        + "(doi:10.1149/1945-7111/ac2704)"),
    SkillTask(
      "Severson primary, all 43, 100 cycles", "matr-severson", 100,
      .split(train: "severson/train", test: "severson/primary_test"),
      "RMSE 91 / 118, MAPE 13.0 / 14.1 (same source)"),
    SkillTask(
      "Severson primary, 20 cycles", "matr-severson", 20,
      .split(train: "severson/train", test: "severson/primary_test"), ""),
    SkillTask(
      "Severson primary, conditions only", "matr-severson", 0,
      .split(train: "severson/train", test: "severson/primary_test"), ""),
    SkillTask(
      "Severson primary without b2c1, 100 cycles, no curves of the test cells", "matr-severson", 100,
      .splitWithoutCurves(train: "severson/train", test: "severson/primary_test_without_b2c1"), ""),
    SkillTask(
      "Closed-loop cells, trained on Severson, 100 cycles", "matr-severson", 100, .dataset("matr-clo2020"),
      "RMSE 172, MAPE 19.9 %, 95 % interval 776 cycles wide (doi:10.1038/s41586-020-1994-5)"),
    SkillTask(
      "ISU high depth of discharge, conditions only", "isu-ilcc-nmc", 0,
      .split(train: "published/train", test: "published/test_high_dod"),
      "retention MAE 1.96, CRPS 1.634 on 21 points (doi:10.1016/j.apenergy.2025.125703)"),
    SkillTask(
      "ISU high depth of discharge, 50 full cycles", "isu-ilcc-nmc", 50,
      .split(train: "published/train", test: "published/test_high_dod"), "as above"),
    SkillTask(
      "ISU high depth of discharge, three weeks", "isu-ilcc-nmc", CutOff(21, .days),
      .split(train: "published/train", test: "published/test_high_dod"), "as above"),
    SkillTask("HUST, 100 cycles, new cells", "hust-lfp", 100, .crossValidation(.cell), "RMSE 322 (other split)"),
    SkillTask("HUST, 100 cycles, new conditions", "hust-lfp", 100, .crossValidation(.group), ""),
    SkillTask("Tongji, 50 cycles, new cells", "tongji-nca-ncm", 50, .crossValidation(.cell), ""),
    SkillTask("Tongji, 50 cycles, new conditions", "tongji-nca-ncm", 50, .crossValidation(.group), ""),
    SkillTask("Tongji, conditions only, new cells", "tongji-nca-ncm", 0, .crossValidation(.cell), ""),
    SkillTask("Tongji, conditions only, new conditions", "tongji-nca-ncm", 0, .crossValidation(.group), ""),
    SkillTask("TBSI, 100 cycles, new cells", "tbsi-ncm811", 100, .crossValidation(.cell), ""),
    SkillTask("TBSI, conditions only, new cells", "tbsi-ncm811", 0, .crossValidation(.cell), ""),
    SkillTask("RWTH, 100 cycles, new cells", "rwth-nmc", 100, .crossValidation(.cell), ""),
    SkillTask(
      "NCA to 95 %, 150 full cycles, new conditions", "nca-multistage", 150, .crossValidation(.group), "", end: 0.95),
    SkillTask(
      "NCA to 95 %, two check-ups, new conditions", "nca-multistage", CutOff(2, .checkups), .crossValidation(.group),
      "",
      end: 0.95),
    SkillTask(
      "NCA to 95 %, conditions only, new conditions", "nca-multistage", 0, .crossValidation(.group), "", end: 0.95),
    SkillTask("A dataset never seen, 50 cycles", measured, 50, .leaveOneOut, ""),
  ]

  private init(
    _ name: String, _ dataset: String, _ early: CutOff, _ test: Test, _ published: String, end: Double? = nil
  ) {
    self.init(name, [dataset], early, test, published, end: end)
  }

  private init(
    _ name: String, _ datasets: [String], _ early: CutOff, _ test: Test, _ published: String, end: Double? = nil
  ) {
    self.name = name
    self.datasets = datasets
    self.early = early
    self.test = test
    self.published = published
    endFraction = end
  }

  /// Whether further seeds are worth their time: not for datasets held out in turn, which take minutes each.
  var isRepeated: Bool {
    if case .leaveOneOut = test { return false }
    return true
  }

  /// The scores; nil where a dataset is absent.
  ///
  /// - Parameter rivals: models put beside ours; nil for all.
  func rows(root: String, seed: UInt64, rivals: [String]?, threads: Int) async throws -> [ScoreRow]? {
    func read(_ name: String) -> Dataset? { try? DatasetReader.read(root + "/" + name) }
    let found = datasets.compactMap(read)
    guard found.count == datasets.count, let first = found.first else { return nil }
    var options = TrainerOptions()
    options.early = [early]
    options.seed = seed
    options.threads = threads
    options.endFraction = endFraction
    func score(
      _ train: [String], of source: Dataset? = nil, on dataset: Dataset, _ cells: [String]?, _ split: String?
    ) async throws -> [ScoreRow] {
      let model = try await Trainer(options, toolVersion: toolVersion).fit(
        [TrainingPart(dataset: source ?? first, cellIDs: train)], scoring: false)
      return try await Evaluation.run(
        model, on: dataset, cellIDs: cells, split: split, early: [early], baselines: rivals, seed: seed,
        threads: threads
      ).rows
    }
    switch test {
    case .split(let train, let test):
      return try await score(
        try first.cellIDs(split: train), on: first, try first.cellIDs(split: test), test)
    case .splitWithoutCurves(let train, let test):
      var bare = first
      // Curves are read from the folder.
      bare.folder = nil
      let (known, asked) = (try first.cellIDs(split: train), try first.cellIDs(split: test))
      var rows = try await score(known, on: bare, asked, test)
      if var rival = try await score(known, of: bare, on: bare, asked, test).first {
        rival.model += ", trained without curves"
        rows.insert(rival, at: 1)
      }
      return rows
    case .dataset(let name):
      guard let other = read(name) else { return nil }
      return try await score(first.cells.map(\.id), on: other, nil, nil)
    case .crossValidation(let unit):
      return try await CrossValidation.run(
        found, by: unit, folds: 5, options: options, rivals: rivals, toolVersion: toolVersion
      ).flatMap(\.rows)
    case .leaveOneOut:
      return try await CrossValidation.run(
        found, by: .dataset, folds: 1, options: options, ownCells: 6, rivals: rivals, toolVersion: toolVersion
      ).flatMap(\.rows)
    }
  }
}
