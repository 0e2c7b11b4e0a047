import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Gaussian process with block kernels")
struct GaussianProcessTests {
  @Test("A row's numbers do not depend on the other rows, to the last bit", arguments: [2, 5, 9, 65, 70])
  func company(count: Int) throws {
    let problem = MemberProblem(rows: 37, columns: 6, blocks: 2, groups: 4)
    var stream = RandomStream(seed: 3, purpose: "rows")
    let x = Matrix((0..<count).map { _ in (0..<6).map { _ in stream.normal() } })
    let groups = (0..<count).map { $0 % 3 - 1 }
    let process = try GaussianProcessOptions().fit(
      problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks)
    let linear = try ScreenedLinearOptions().fit(
      problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks)
    let (means, full, screened) = (
      process.means(x, groups: groups), try process.predict(x, groups: groups), linear.means(x)
    )
    for i in 0..<count {
      let (row, own) = (x.selecting(rows: [i]), [groups[i]])
      #expect(process.means(row, groups: own)[0] == means[i])
      let alone = try process.predict(row, groups: own)
      #expect(alone.mean[0] == full.mean[i] && alone.standardDeviation[0] == full.standardDeviation[i])
      #expect(full.mean[i] == means[i] && linear.means(row)[0] == screened[i])
    }
  }

  @Test("Equal to numpy at given variances; no worse than scipy's optimum")
  func oracle() throws {
    let reference = try MemberReference.load()
    let (x, newX) = (Matrix(reference.x), Matrix(reference.newX))
    let centre = mean(reference.target)
    let scale = standardDeviation(reference.target) + 1e-9
    let z = reference.target.map { ($0 - centre) / scale }
    for (k, expected) in reference.processes.enumerated() {
      let blocks = k == 2 ? Array(reference.blocks.prefix(2)) : reference.blocks
      let kernel = BlockKernel(
        linear: expected.linear, radial: expected.radial, group: expected.group,
        lengthScaleFactor: expected.lengthScaleFactor, blocks: blocks, columns: x.columns)
      let evidence = Evidence(kernel: kernel, x: x, groups: reference.groups, target: z)
      let start = evidence.penalised(evidence.priorMeans)
      #expect(abs(start.value - expected.startValue) < 1e-9)
      #expect(largestGap(start.gradient, expected.startGradient) < 1e-8)
      let fixed = try GaussianProcess(
        kernel: kernel, inputs: x, groups: reference.groups, standardisedTarget: z, centre: centre, scale: scale,
        variances: expected.variances
      ).predict(newX, groups: reference.newGroups)
      #expect(largestGap(fixed.mean, expected.mean) < 1e-8)
      #expect(largestGap(fixed.standardDeviation, expected.standardDeviation) < 1e-8)

      let fitted = try GaussianProcessOptions(
        linear: expected.linear, radial: expected.radial, group: expected.group,
        lengthScaleFactor: expected.lengthScaleFactor
      ).fit(x, target: reference.target, groups: reference.groups, blocks: blocks)
      let value = evidence.penalised(fitted.variances.map { log($0) }).value
      // Both searches stop where a step gains little; 1e-3 of log likelihood is far below its statistical meaning.
      #expect(value < expected.value + 1e-3, "process \(k): \(value) against \(expected.value)")
      let found = try fitted.predict(newX, groups: reference.newGroups)
      #expect(largestGap(found.mean, expected.mean) < 0.02 * scale)
      #expect(largestGap(found.standardDeviation, expected.standardDeviation) < 0.02 * scale)
    }
  }

  @Test("The gradient of the penalised likelihood is the central difference")
  func gradient() {
    let problem = MemberProblem(rows: 20, columns: 8, blocks: 3, groups: 6)
    let kernel = BlockKernel(
      linear: true, radial: true, group: true, lengthScaleFactor: 1.5, blocks: problem.blocks, columns: 8)
    let evidence = Evidence(kernel: kernel, x: problem.x, groups: problem.groups, target: problem.target)
    var stream = RandomStream(seed: 3, purpose: "theta")
    let theta = evidence.priorMeans.map { $0 + stream.normal() }
    let gradient = evidence.penalised(theta).gradient
    for p in theta.indices {
      var (up, down) = (theta, theta)
      up[p] += 1e-5
      down[p] -= 1e-5
      let difference = (evidence.penalised(up).value - evidence.penalised(down).value) / 2e-5
      #expect(abs(difference - gradient[p]) < 1e-5 * max(1, abs(gradient[p])), "log variance \(p)")
    }
  }

  @Test("Leaving folds out in closed form equals refitting without them at the same variances")
  func leaveFoldsOut() throws {
    let problem = MemberProblem(rows: 33, columns: 9, blocks: 3, groups: 7)
    let process = try GaussianProcessOptions().fit(
      problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks)
    let folds = (0..<33).map { $0 * 5 % 4 }
    let closed = try process.leaveFoldsOut(folds: folds)
    for fold in 0..<4 {
      let kept = folds.indices.filter { folds[$0] != fold }
      let held = folds.indices.filter { folds[$0] == fold }
      let refitted = try GaussianProcess(
        kernel: process.kernel, inputs: problem.x.selecting(rows: kept), groups: kept.map { problem.groups[$0] },
        standardisedTarget: kept.map { process.standardisedTarget[$0] }, centre: process.centre,
        scale: process.scale, variances: process.variances
      ).predict(problem.x.selecting(rows: held), groups: held.map { problem.groups[$0] })
      #expect(largestGap(refitted.mean, held.map { closed.mean[$0] }) < 1e-8)
      #expect(largestGap(refitted.standardDeviation, held.map { closed.standardDeviation[$0] }) < 1e-8)
    }
    #expect(throws: LearningError.self) { try process.leaveFoldsOut(folds: [0, 1]) }
  }

  @Test("A known group borrows from its replicates; an unknown one is wider and nobody's")
  func groups() throws {
    let groups = (0..<40).map { $0 / 5 }
    let target = groups.map { Double($0) }
    var x = Matrix(rows: 40, columns: 1)
    var stream = RandomStream(seed: 5, purpose: "noise")
    for k in x.storage.indices { x.storage[k] = stream.normal() }
    let process = try GaussianProcessOptions().fit(x, target: target, groups: groups, blocks: [[0]])
    let zero = Matrix(rows: 3, columns: 1)
    let (means, deviations) = try process.predict(zero, groups: [7, 0, -1])
    #expect(abs(means[0] - 7) < 0.5 && abs(means[1]) < 0.5 && abs(means[2] - 3.5) < 0.7)
    #expect(deviations[2] > 3 * deviations[0])
    // −1 in training equals nothing: replicates without a name teach no group effect.
    let nameless = try GaussianProcessOptions().fit(
      x, target: target, groups: [Int](repeating: -1, count: 40), blocks: [[0]])
    #expect(!nameless.kernel.group)
  }

  @Test("Degenerate data run: no columns, three rows, constant target, one group, an empty block, equal rows")
  func degenerate() throws {
    let options = GaussianProcessOptions()
    let problem = MemberProblem(rows: 12, columns: 6, blocks: 2)
    func check(_ x: Matrix, _ y: [Double], _ g: [Int], _ blocks: [[Int]]) throws {
      let process = try options.fit(x, target: y, groups: g, blocks: blocks)
      let (m, s) = try process.predict(x, groups: g)
      #expect(m.allSatisfy(\.isFinite) && s.allSatisfy { $0 > 0 && $0.isFinite })
      let warm = try options.fit(x, target: y, groups: g, blocks: blocks, warmStart: process)
      #expect(warm.kernel == process.kernel)
    }
    try check(Matrix(rows: 12, columns: 0), problem.target, problem.groups, [])
    try check(Matrix(rows: 12, columns: 0), problem.target, Array(0..<12), [])
    try check(problem.x.selecting(rows: [0, 1, 2]), [1, 2, 4], [0, 0, 1], problem.blocks)
    try check(problem.x, [Double](repeating: 2, count: 12), problem.groups, problem.blocks)
    try check(problem.x, problem.target, [Int](repeating: 4, count: 12), problem.blocks)
    try check(problem.x, problem.target, problem.groups, problem.blocks + [[]])
    try check(Matrix(rows: 12, columns: 6, repeating: 1), problem.target, problem.groups, problem.blocks)
  }

  @Test("Doubling every column of a block changes no prediction")
  func duplicates() throws {
    let problem = MemberProblem(rows: 25, columns: 6, blocks: 2)
    let twice = Matrix((0..<25).map { problem.x.row($0) + problem.x.row($0) })
    let options = GaussianProcessOptions(radial: false, group: false)
    let once = try options.fit(problem.x, target: problem.target, groups: problem.groups, blocks: [[0, 1, 2, 3, 4, 5]])
    let both = try options.fit(twice, target: problem.target, groups: problem.groups, blocks: [Array(0..<12)])
    #expect(
      largestGap(
        once.means(problem.x, groups: problem.groups), try both.predict(twice, groups: problem.groups).mean) < 1e-6)
  }

  @Test("The order of the rows does not matter beyond rounding")
  func rowOrder() throws {
    let problem = MemberProblem(rows: 30, columns: 8, blocks: 2)
    var stream = RandomStream(seed: 2, purpose: "order")
    let order = stream.permutation(30)
    let options = GaussianProcessOptions()
    let a = try options.fit(problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks)
    let b = try options.fit(
      problem.x.selecting(rows: order), target: order.map { problem.target[$0] },
      groups: order.map { problem.groups[$0] }, blocks: problem.blocks)
    let (p, q) = (try a.predict(problem.x, groups: problem.groups), try b.predict(problem.x, groups: problem.groups))
    #expect(largestGap(p.mean, q.mean) < 1e-3)
  }

  @Test("Wrong sizes and values that are not finite are named")
  func refusals() {
    let problem = MemberProblem(rows: 10, columns: 4, blocks: 2)
    let options = GaussianProcessOptions()
    var broken = problem
    broken.x[7, 2] = .nan
    #expect(throws: LearningError.notFinite("column 2", row: 7)) {
      try options.fit(broken.x, target: problem.target, groups: problem.groups, blocks: problem.blocks)
    }
    broken.target[3] = .infinity
    #expect(throws: LearningError.notFinite("target", row: 3)) {
      try options.fit(problem.x, target: broken.target, groups: problem.groups, blocks: problem.blocks)
    }
    #expect(throws: LearningError.self) {
      try options.fit(problem.x, target: problem.target, groups: [1], blocks: problem.blocks)
    }
    #expect(throws: LearningError.self) {
      try options.fit(problem.x, target: problem.target, groups: problem.groups, blocks: [[4]])
    }
    #expect(throws: LearningError.self) {
      try options.fit(Matrix(rows: 0, columns: 1), target: [], groups: [], blocks: [])
    }
  }

  @Test("A process survives its file form; damaged ones are refused, never trapped on")
  func coding() throws {
    let problem = MemberProblem(rows: 14, columns: 4, blocks: 2, groups: 3)
    let process = try GaussianProcessOptions().fit(
      problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks)
    let data = try JSONEncoder().encode(process)
    #expect(try JSONDecoder().decode(GaussianProcess.self, from: data) == process)
    let wide: [String: Any] = ["rows": 14, "columns": 5, "storage": [1.0]]
    let negative: [String: Any] = ["rows": -14, "columns": -4, "storage": process.inputs.storage]
    let kernels: [[String: Any]] = [(4, [[0, 4]]), (-1, []), (5, [[0]]), (4, [[]])].map { columns, blocks in
      [
        "linear": true, "radial": true, "group": true, "lengthScaleFactor": 1, "blocks": blocks, "columns": columns,
      ] as [String: Any]
    }
    try expectDamageRefused(
      GaussianProcess.self, data,
      kernels.map { ("kernel", $0) } + [
        ("groups", [1, 2]), ("scale", -1), ("variances", [0.1]), ("standardisedTarget", [Double]()),
        ("variances", process.variances.map { -$0 }), ("inputs", wide), ("inputs", negative),
      ])
  }

  @Test("Cold and warm fits are fast enough for the folds of the stack; loose bounds, machines are busy")
  func speed() throws {
    for (rows, cold, warm) in [(41, 300, 200), (100, 2000, 1000)] {
      let problem = MemberProblem(rows: rows)
      let options = GaussianProcessOptions()
      var process: GaussianProcess?
      let coldTime = try ContinuousClock().measure {
        process = try options.fit(
          problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks)
      }
      #expect(process?.variances.count == 14)
      let warmTime = try ContinuousClock().measure {
        _ = try options.fit(
          problem.x, target: problem.target, groups: problem.groups, blocks: problem.blocks, warmStart: process)
      }
      #expect(coldTime < .milliseconds(cold) && warmTime < .milliseconds(warm), "\(rows) rows")
    }
  }
}

/// Expects a JSON document to be refused by an error with any one of the replacements made.
func expectDamageRefused<T: Decodable>(
  _ type: T.Type, _ data: Data, _ replacements: [(key: String, value: Any)],
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let document = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
  for (key, value) in replacements {
    var damaged = document
    damaged[key] = value
    let bytes = try JSONSerialization.data(withJSONObject: damaged)
    #expect(throws: (any Error).self, "\(key) replaced by \(value)", sourceLocation: sourceLocation) {
      try JSONDecoder().decode(type, from: bytes)
    }
  }
}
