import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Screened linear model")
struct ScreenedLinearTests {
  @Test("Equal to the numpy formulation")
  func oracle() throws {
    let reference = try MemberReference.load()
    let model = try ScreenedLinearOptions().fit(
      Matrix(reference.x), target: reference.target, groups: reference.groups, blocks: reference.blocks)
    #expect(largestGap(model.scales, reference.screened.scales) < 1e-10)
    let (means, deviations) = try model.predict(Matrix(reference.newX))
    #expect(largestGap(means, reference.screened.mean) < 0.02)
    #expect(largestGap(deviations, reference.screened.standardDeviation) < 0.02)
  }

  @Test("A skipped block is not seen, and skipping all sees all")
  func skipping() throws {
    let problem = MemberProblem(rows: 30, columns: 6, blocks: 2, groups: 4)
    let options = ScreenedLinearOptions()
    let model = try options.fit(
      problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks, skipping: [0])
    var moved = problem.x
    for i in 0..<30 { for j in problem.blocks[0] { moved[i, j] += 1 } }
    #expect(model.means(moved) == model.means(problem.x))
    let all = try options.fit(
      problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks, skipping: [0, 1])
    #expect(all.process.kernel.blocks == problem.blocks)
    let warm = try options.fit(
      problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks, skipping: [0],
      warmStart: model)
    #expect(largestGap(warm.means(problem.x), model.means(problem.x)) < 1e-2)
  }

  @Test("Constant columns and a constant target run; the file form holds and damage is refused")
  func edges() throws {
    var problem = MemberProblem(rows: 9, columns: 3, blocks: 1)
    for i in 0..<9 { problem.x[i, 1] = 2 }
    let model = try ScreenedLinearOptions().fit(
      problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks)
    #expect(model.scales[1] == 0)
    let flat = try ScreenedLinearOptions().fit(
      problem.x, target: problem.target.map { _ in 4 }, groups: problem.groups, blocks: problem.blocks)
    #expect(largestGap(flat.means(problem.x), [Double](repeating: 4, count: 9)) < 1e-6)
    let data = try JSONEncoder().encode(model)
    #expect(try JSONDecoder().decode(ScreenedLinear.self, from: data) == model)
    try expectDamageRefused(ScreenedLinear.self, data, [("scales", [1.0])])
  }
}
