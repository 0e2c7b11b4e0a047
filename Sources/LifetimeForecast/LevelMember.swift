internal import NumericalMethods
internal import ResidualLearning

/// The learners of the stack, by the names under which their weights are reported.
enum MemberKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// The hierarchical ageing law: linear in law outputs and stress terms, with a group effect.
  case law
  /// Gaussian process with blocks and a group effect.
  case groupProcess = "group_process"
  /// Gaussian process with blocks, longer length scale, no group effect.
  case process
  /// Linear in all features, screened by correlation.
  case screened
  /// The same without conditions.
  case screenedObservations = "screened_observations"
  /// Linear in all features, one strength of shrinkage.
  case ridge
  /// Boosted trees.
  case boosting
  /// Small network.
  case network
  /// The mean of the training cells, whatever the features: what remains where nothing carries over.
  case population

  /// The blocks a member sees.
  func sees(_ block: FeatureBlock) -> Bool {
    switch self {
    case .law: block == .law || block == .condition
    case .groupProcess, .process: block != .law
    case .screenedObservations: block != .condition
    case .screened, .ridge, .boosting, .network, .population: true
    }
  }

  /// Whether the member is asked such questions: of datasets never seen `DatasetExperts` speak, and the rivals.
  func answers(_ scheme: FoldScheme) -> Bool { scheme != .dataset || self == .ridge || self == .boosting }

  /// Whether fitting takes many times as long as for the others.
  var isSlow: Bool { self == .boosting || self == .network }

  /// The components of the level vector a member is fitted to: trees and networks only to the leading ones.
  func fits(component: Int) -> Bool {
    switch self {
    case .boosting: component <= 1
    case .network: component == 0
    default: true
    }
  }
}

/// A fitted member for one component.
struct LevelMember: Sendable, Hashable, Codable {
  enum Fit: Sendable, Hashable, Codable {
    case process(GaussianProcess)
    case screened(ScreenedLinear)
    case trees([BoostedTrees])
    case network(NetworkEnsemble)
    case constant(Double)
  }

  var kind: MemberKind
  var columns: [Int]
  var blocks: [[Int]]
  var fit: Fit

  /// Fits a member; `warm` reuses the hyper-parameters of the fit to all cells.
  init(
    _ kind: MemberKind, _ x: Matrix, _ y: [Double], groups: [Int], scaler: FeatureScaler, warm: LevelMember?,
    seed: UInt64
  ) throws {
    self.kind = kind
    var chosen = scaler.columns(where: kind.sees)
    if chosen.columns.isEmpty { chosen = scaler.columns { _ in true } }
    columns = chosen.columns
    blocks = chosen.blocks
    guard !columns.isEmpty, kind != .population else {
      fit = .constant(mean(y))
      return
    }
    let inputs = x.selecting(columns: columns)
    switch kind {
    case .law, .groupProcess, .process, .ridge:
      var options = GaussianProcessOptions()
      options.radial = kind == .groupProcess || kind == .process
      options.group = kind == .law || kind == .groupProcess
      if kind == .ridge { blocks = [Array(columns.indices)] }
      options.lengthScaleFactor = kind == .process ? 3 : 1
      var start: GaussianProcess?
      if case .process(let model)? = warm?.fit { start = model }
      fit = .process(try options.fit(inputs, target: y, groups: groups, blocks: blocks, warmStart: start))
    case .screened, .screenedObservations:
      var start: ScreenedLinear?
      if case .screened(let model)? = warm?.fit { start = model }
      fit = .screened(
        try ScreenedLinearOptions().fit(
          inputs, target: y, groups: groups, blocks: blocks, skipping: [], warmStart: start))
    case .boosting:
      var options = BoostingOptions()
      options.rounds = 150
      options.learningRate = 0.05
      options.maxLeaves = 6
      options.maxDepth = 3
      options.minRows = max(3, min(10, y.count / 12))
      options.lambda = 2
      options.rowSubsample = 0.7
      options.columnSubsample = 0.5
      let table = FeatureTable(names: columns.map { scaler.features[$0].name }, inputs)
      fit = .trees(
        try (0..<2).map { try options.fit(table, target: y, weights: nil, stream: seed &+ UInt64($0)) })
    case .population: fit = .constant(mean(y))
    case .network:
      fit = .network(try NetworkOptions().fit(inputs, target: y, seed: seed))
    }
  }

  /// Out-of-fold predictions of the training rows in closed form, at the strengths found on all rows; nil for members
  /// that must be refitted.
  func leaveFoldsOut(_ folds: [Int]) throws -> (mean: [Double], spread: [Double]?)? {
    switch fit {
    case .process(let model):
      let p = try model.leaveFoldsOut(folds: folds)
      return (p.mean, p.standardDeviation)
    case .screened(let model): return (try model.process.leaveFoldsOut(folds: folds).mean, nil)
    case .trees, .network, .constant: return nil
    }
  }

  /// Predictions, and the predictive spread where it is asked for and the member has one. A row's numbers do not depend
  /// on the other rows, to the last bit.
  func predict(_ x: Matrix, groups: [Int], scaler: FeatureScaler, withSpread: Bool) throws -> (
    mean: [Double], spread: [Double]?
  ) {
    let inputs = x.selecting(columns: columns)
    switch fit {
    case .constant(let value): return ([Double](repeating: value, count: x.rows), nil)
    case .process(let model):
      if !withSpread { return (model.means(inputs, groups: groups), nil) }
      let p = try model.predict(inputs, groups: groups)
      return (p.mean, p.standardDeviation)
    case .screened(let model): return (model.means(inputs), nil)
    case .trees(let models):
      let table = FeatureTable(names: columns.map { scaler.features[$0].name }, inputs)
      let all = models.map { $0.predict(table) }
      return ((0..<x.rows).map { i in mean(all.map { $0[i] }) }, nil)
    case .network(let model):
      // One row at a time: products of matrices round a row by its place, and a cell's numbers must not depend on its
      // company.
      return ((0..<x.rows).flatMap { model.predict(inputs.selecting(rows: [$0])) }, nil)
    }
  }
}
