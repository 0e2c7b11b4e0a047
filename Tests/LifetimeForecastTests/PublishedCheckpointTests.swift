import BatteryData
import DegradationPhysics
import Foundation
import Testing

/// The shipped literature against counts and baseline scores of an independent program (numpy, the same folds).
@Suite struct PublishedCheckpointTests {
  private func published() throws -> PublishedCheckpoints {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return PublishedCheckpoints(
      try DatasetReader.read(root.appendingPathComponent("datasets/sulfide-literature").path).cells)
  }

  @Test("Rows, cells, papers and pairs are those of the design page")
  func counts() async throws {
    let p = try published()
    #expect(p.rows.count == 85 && p.scored.count == 77)
    #expect(Set(p.scored.map { p.rows[$0].cell }).count == 64)
    #expect(Set(p.scored.map { p.rows[$0].paper }).count == 36)
  }

  @Test("Baselines: row 1 and the square root, leave one paper out", arguments: CheckpointBaseline.allCases)
  func baselines(kind: CheckpointBaseline) throws {
    let p = try published()
    let f = kind.forecasts(p)
    var perCell: [Int: Double] = [:]
    for k in p.scored { perCell[p.rows[k].cell, default: 0] += 1 }
    var mae = 0.0
    var crps = 0.0
    for k in p.scored {
      let w = 100 / (perCell[p.rows[k].cell] ?? 1) / Double(perCell.count)
      mae += w * abs(f[k].quantiles[2] - p.rows[k].retention)
      crps += w * f[k].crps
    }
    let expected = kind == .meanByLogCycle ? (12.75, 9.71) : (17.14, 12.63)
    // Two decimals of the other program; its median is the hundredth of 199 quantiles, as here.
    #expect(abs(mae - expected.0) < 0.02, "\(mae)")
    #expect(abs(crps - expected.1) < 0.02, "\(crps)")
  }
}
