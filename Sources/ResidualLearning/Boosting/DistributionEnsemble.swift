import NumericalMethods

/// An ensemble of boosted distributions, each member fitted to a bootstrap resample of groups.
///
/// What the members disagree on is what few groups leave open; the mixture adds it to the spread within each member.
public struct EnsembleBoosting: Sendable, Codable, Hashable {
  /// Options of each member.
  public var member: DistributionBoosting
  /// Number of members, ≥ 1.
  public var members = 10
  /// Whether each member stops by the score on the groups its resample left out.
  public var stopsEarly = true

  /// Whether one factor on all spreads is set by the groups that members left out, so that central 90 % intervals hold 90 %
  /// of their rows (by the log score where some are censored).
  public var calibratesSpread = true

  /// Options as named.
  public init(member: DistributionBoosting = DistributionBoosting()) { self.member = member }

  /// Fits all members to observations.
  ///
  /// - Parameters:
  ///   - table: features; NaN is missing.
  ///   - observations: one a row.
  ///   - groups: group of each row, any numbers; rows of one group stay together.
  ///   - weights: one finite value ≥ 0 a row; `nil` for 1.
  ///   - seed: of all draws.
  ///   - width: number of tasks; the result has the same bits for any.
  /// - Throws: `LearningError` as `DistributionBoosting.fit`, or `CancellationError`.
  public func fit(
    _ table: FeatureTable, observations: [Observation], groups: [Int], weights: [Double]?, stream seed: UInt64,
    width: Int = 1
  ) async throws -> DistributionEnsemble {
    guard members >= 1 else {
      throw LearningError.invalidOption("members", found: "\(members)", allowed: "1 or more")
    }
    guard groups.count == table.rowCount else {
      throw LearningError.sizes("\(groups.count) groups for \(table.rowCount) rows")
    }
    // One binning serves all members: cuts know the columns, not the targets.
    let run = try BoostingRun(table, member.trees, weights: weights, validation: nil, seed: seed)
    let bins = run.table
    let fitted = try await parallelMap(count: members, width: width) { [self] m in
      let counts = resampledGroups(groups, seed: seed, member: m)
      let isOut = counts.map { $0 == 0 }
      let watches = stopsEarly && isOut.contains(true)
      let drawn = table.rowIndices.map { row in (weights?[row] ?? 1) * Double(counts[row]) }
      let watched = table.rowIndices.map { row in isOut[row] ? weights?[row] ?? 1 : drawn[row] }
      return try member.fit(
        table, observations: observations, weights: watches ? watched : drawn, validation: watches ? isOut : nil,
        stream: seed &+ UInt64(m), width: 1, bins: bins)
    }
    let ensemble = try DistributionEnsemble(members: fitted)
    return calibratesSpread ? try calibrated(ensemble, table, observations, groups, weights, seed) : ensemble
  }

  /// The ensemble with the spread factor of rows out of their members' resamples.
  private func calibrated(
    _ ensemble: DistributionEnsemble, _ table: FeatureTable, _ observations: [Observation], _ groups: [Int],
    _ weights: [Double]?, _ seed: UInt64
  ) throws -> DistributionEnsemble {
    var parts = [[FittedDistribution]](repeating: [], count: table.rowCount)
    for (m, trees) in ensemble.members.enumerated() {
      let counts = resampledGroups(groups, seed: seed, member: m)
      for (row, distribution) in trees.predict(table).enumerated() where counts[row] == 0 {
        parts[row].append(distribution)
      }
    }
    let rows = table.rowIndices.filter { !parts[$0].isEmpty && weights?[$0] != 0 }
    let shift = spreadShift(
      rows.map { parts[$0] }, rows.map { observations[$0] }, weights: rows.map { weights?[$0] ?? 1 })
    return try DistributionEnsemble(members: ensemble.members.map { try $0.shiftingSpread(by: shift) })
  }
}

/// Fitted members giving a mixture of distributions a row.
public struct DistributionEnsemble: Sendable, Hashable, Codable {
  /// The members, at least one, all with the same features.
  public let members: [DistributionTrees]

  /// An ensemble of members.
  ///
  /// - Throws: `LearningError.corruptModel` for no members or members of different features.
  public init(members: [DistributionTrees]) throws(LearningError) {
    guard let first = members.first else { throw .corruptModel("an ensemble without members") }
    guard members.allSatisfy({ $0.location.featureNames == first.location.featureNames }) else {
      throw .corruptModel("the members have different features")
    }
    self.members = members
  }

  /// Reads an ensemble and checks it.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(members: box.decode([DistributionTrees].self, forKey: .members))
  }

  /// The mixture of each row; columns are taken by position.
  public func predict(_ table: FeatureTable) -> [MixtureDistribution] {
    let all = members.map { $0.predict(table) }
    return table.rowIndices.map { row in MixtureDistribution(all.map { $0[row] }) }
  }
}

extension FeatureTable {
  /// 0 ..< number of rows.
  var rowIndices: Range<Int> { 0..<rowCount }
}
