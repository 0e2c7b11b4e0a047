import CellModel
import NumericalMethods
import Testing

@testable import LifetimeForecast

@Suite("The forecast core on synthetic cells")
struct ForecastCoreTests {
  @Test("Intervals cover as they promise on cells from the law, and PIT is flat")
  func syntheticCalibration() async throws {
    var integrals: [Double] = []
    for seed in 0..<3 as Range<UInt64> {
      let all = SyntheticCells.make(260, seed: seed)
      let train = Array(all.prefix(60))
      let test = Array(all.suffix(200))
      let core = try await SyntheticCells.core(train, at: 0)
      let traits = try SyntheticCells.assembly(train).traits
      let draws = try SyntheticCells.lives(core, test, traits: traits, at: 0)
      for (cell, d) in zip(test, draws) {
        integrals.append(
          ForecastMetrics.probabilityIntegral(ofSorted: d, observed: cell.attributes.number("observed_life")))
      }
    }
    let n = Double(integrals.count)
    let within90 = Double(integrals.count { $0 > 0.05 && $0 < 0.95 }) / n
    let within50 = Double(integrals.count { $0 > 0.25 && $0 < 0.75 }) / n
    #expect((0.86...0.95).contains(within90), "90 % interval covers \(within90)")
    #expect((0.42...0.60).contains(within50), "50 % interval covers \(within50)")
    for decile in 0..<10 {
      let share = Double(integrals.count { Int(min($0 * 10, 9)) == decile }) / n
      #expect((0.05...0.15).contains(share), "decile \(decile) holds \(share)")
    }
  }

  @Test("Rows after N change nothing, to the bit")
  func replay() async throws {
    let cells = SyntheticCells.make(24, seed: 5)
    let train = Array(cells.prefix(18))
    let core = try await SyntheticCells.core(train, at: 60)
    let traits = try SyntheticCells.assembly(train).traits
    let whole = Array(cells.suffix(6))
    var cut = whole
    for i in cut.indices {
      cut[i].series = cut[i].series.visible(upTo: 60)
      cut[i].attributes.numbers["observed_life"] = nil
    }
    #expect(
      try SyntheticCells.lives(core, whole, traits: traits, at: 60)
        == SyntheticCells.lives(core, cut, traits: traits, at: 60))
  }

  @Test("Ages in another unit give lives in that unit")
  func ageUnit() async throws {
    let cells = SyntheticCells.make(20, seed: 6)
    let scaled = cells.map { cell in
      var out = cell
      out.series.ages = cell.series.ages.map { $0 * 1000 }
      out.attributes.numbers["observed_life"] = cell.attributes.number("observed_life") * 1000
      return out
    }
    let a = try await SyntheticCells.core(cells, at: 0)
    let b = try await SyntheticCells.core(scaled, at: 0)
    let traits = try SyntheticCells.assembly(cells).traits
    let la = try SyntheticCells.lives(a, Array(cells.prefix(3)), traits: traits, at: 0)
    let lb = try SyntheticCells.lives(b, Array(scaled.prefix(3)), traits: traits, at: 0)
    for (x, y) in zip(la.joined(), lb.joined()) { #expect(abs(y / x - 1000) < 1e-3) }
  }

  @Test("Same model for any number of tasks, and independent of the company a cell is forecast in")
  func determinism() async throws {
    let cells = SyntheticCells.make(22, seed: 7)
    let one = try await SyntheticCells.core(cells, at: 50, kinds: MemberKind.allCases, threads: 1)
    let three = try await SyntheticCells.core(cells, at: 50, kinds: MemberKind.allCases, threads: 3)
    #expect(one == three)
    let traits = try SyntheticCells.assembly(cells).traits
    let together = try SyntheticCells.lives(one, Array(cells.prefix(4)), traits: traits, at: 50)
    let alone = try SyntheticCells.lives(one, [cells[2]], traits: traits, at: 50)
    #expect(together[2] == alone[0])
  }

  @Test("Trajectory meets the life: retention falls through the limit at the drawn life, and never rises by level")
  func lifeIsOnTheTrajectory() async throws {
    let cells = SyntheticCells.make(30, seed: 8)
    let core = try await SyntheticCells.core(cells, at: 0)
    let assembly = try SyntheticCells.assembly(cells)
    let input = try assembly.cells(at: 0, forTraining: false)[0]
    let e = try core.expectations([input], variant: .hybrid)[0]
    var draws = try #require(core.draw(input, e, variant: .hybrid, count: 100, seed: 1))
    for d in 0..<draws.count {
      for k in 1..<draws.levelCount { #expect(draws.remaining[d, k] >= draws.remaining[d, k - 1]) }
    }
    draws.horizonScale = [[Double]](repeating: [Double](repeating: 1, count: 5), count: 2)
    draws.sources = []
    let lives = draws.lives()
    for d in [0, 17, 99] {
      let q = draws.retention(at: [lives[d]])[0][d]
      #expect(abs(q - 0.8) < 1e-4, "retention \(q) at the drawn life")
    }
  }

  @Test("Censored cells teach: better than dropping them, and without the bias of taking the last age as life")
  func censoring() async throws {
    let all = SyntheticCells.make(240, seed: 9)
    let train = Array(all.prefix(40))
    let test = Array(all.suffix(200))
    var stream = RandomStream(seed: 9, purpose: "censor")
    let hidden = train.map { _ in stream.uniform() < 0.6 }
    let stopped = zip(train, hidden).map { cell, isHidden -> CellHistory in
      guard isHidden, let k = cell.series.capacities.firstIndex(where: { $0 <= 0.9 }) else { return cell }
      var out = cell
      out.series = cell.series.visible(upTo: cell.series.ages[k])
      out.attributes.numbers["observed_life"] = nil
      return out
    }
    let naive = stopped.map { cell -> CellHistory in
      var out = cell
      if cell.attributes.number("observed_life").isNaN {
        out.attributes.numbers["observed_life"] = cell.series.ages.last
      }
      return out
    }
    func score(_ cells: [CellHistory]) async throws -> (crps: Double, bias: Double) {
      let core = try await SyntheticCells.core(cells, at: 0)
      let traits = try SyntheticCells.assembly(train).traits
      let lives = try SyntheticCells.lives(core, test, traits: traits, at: 0)
      let truth = test.map { $0.attributes.number("observed_life") }
      return (
        mean(zip(lives, truth).map { ForecastMetrics.crps(ofSorted: $0, observed: $1) }),
        mean(zip(lives, truth).map { _log(median($0) / $1) })
      )
    }
    let em = try await score(stopped)
    let dropped = try await score(zip(stopped, hidden).filter { !$1 }.map(\.0))
    let asLives = try await score(naive)
    #expect(em.crps < dropped.crps, "EM \(em.crps), dropped \(dropped.crps)")
    #expect(em.crps < 0.8 * asLives.crps, "EM \(em.crps), last age as life \(asLives.crps)")
    #expect(abs(em.bias) < 0.08, "EM log bias \(em.bias)")
    #expect(asLives.bias < -0.15, "the naive reading must show its bias here: \(asLives.bias)")
  }

  @Test("Futures swapped between cells leave no skill to be learnt from early data")
  func permutedFutures() async throws {
    let cells = SyntheticCells.make(60, seed: 10).map { cell -> CellHistory in
      var out = cell
      // Conditions would be honest information about the own early part only.
      out.attributes.numbers = cell.attributes.numbers.filter { $0.key == "observed_life" }
      return out
    }
    let swapped = cells.indices.map { i -> CellHistory in
      let other = cells[(i + 23) % cells.count]
      var out = cells[i]
      let early = cells[i].series.visible(upTo: 50)
      let shift = (early.capacities.last ?? 1) - other.series.capacities[49]
      out.series = CycleSeries(
        ages: early.ages + other.series.ages.dropFirst(50),
        capacities: early.capacities + other.series.capacities.dropFirst(50).map { $0 + shift })
      out.attributes.numbers["observed_life"] = other.attributes.number("observed_life")
      return out
    }
    let core = try await SyntheticCells.core(swapped, at: 50)
    let pool = try #require(core.pools.first)
    let z = core.levelCount - 1
    let level = min(LevelGrid.endIndex, z)
    let truth = (0..<60).map { pool.expected[$0, level] + pool.residuals[$0, level] }
    let withFeatures = mean((0..<60).map { pool.residuals[$0, level] * pool.residuals[$0, level] })
    let spread = standardDeviation(truth)
    #expect(
      withFeatures > 0.93 * spread * spread, "out-of-fold error \(withFeatures) against variance \(spread * spread)")
  }

  @Test("Small and odd training sets run: three cells, one group, no features, nearly all censored")
  func smallSets() async throws {
    let three = SyntheticCells.make(3, seed: 11)
    #expect(try await SyntheticCells.core(three, at: 0, kinds: MemberKind.allCases).cellIDs.count == 3)
    let bare = SyntheticCells.make(12, seed: 12).map { cell -> CellHistory in
      CellHistory(id: cell.id, attributes: CellAttributes(texts: ["group_id": "one"]), series: cell.series)
    }
    #expect(try await SyntheticCells.core(bare, at: 0, kinds: MemberKind.allCases).scaler.features.isEmpty)
    let censored = SyntheticCells.make(20, seed: 13).enumerated().map { i, cell -> CellHistory in
      guard i >= 2, let k = cell.series.capacities.firstIndex(where: { $0 <= 0.93 }) else { return cell }
      var out = cell
      out.series = cell.series.visible(upTo: cell.series.ages[k])
      out.attributes.numbers["observed_life"] = nil
      return out
    }
    let core = try await SyntheticCells.core(censored, at: 50, kinds: MemberKind.allCases)
    #expect(core.cellIDs.count == 20)
    #expect(core.levelCount < LevelGrid.shares.count)
  }
}
