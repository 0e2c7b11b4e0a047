import Foundation
import Testing

@testable import NumericalMethods

@Suite struct VarianceComponentsTests {
  /// Yield of dyestuff, six batches of five (O. L. Davies, Statistical Methods in Research and Production, 1947).
  private static let dyestuff: [[Double]] = [
    [1545, 1440, 1440, 1520, 1580], [1540, 1555, 1490, 1560, 1495], [1595, 1550, 1605, 1510, 1560],
    [1445, 1440, 1595, 1465, 1545], [1595, 1630, 1515, 1635, 1625], [1520, 1455, 1450, 1480, 1445],
  ]

  private func fit(_ skipping: Set<Int>) -> VarianceComponents {
    var data: [VarianceComponents.Observation] = []
    var row = 0
    for (b, values) in Self.dyestuff.enumerated() {
      for value in values {
        if !skipping.contains(row) { data.append(VarianceComponents.Observation(value, inner: b)) }
        row += 1
      }
    }
    return VarianceComponents(data, prior: .init(outer: 50, inner: 50, residual: 50))
  }

  @Test("Dyestuff: the mode is the closed form, balanced and unbalanced (D1, D2)")
  func dyestuff() {
    let whole = fit([])
    #expect(abs(whole.inner.mode * whole.inner.mode / 1764.05 - 1) < 1e-6)
    #expect(abs(whole.residual.mode * whole.residual.mode / 2451.25 - 1) < 1e-6)
    #expect(whole.outer.status == .assumed && whole.inner.freedom == 5 && whole.residual.freedom == 24)
    let part = fit([0, 1, 2, 8, 20, 21])
    #expect(abs(part.inner.mode * part.inner.mode / 1467.10 - 1) < 1e-5)
    #expect(abs(part.residual.mode * part.residual.mode / 2335.64 - 1) < 1e-5)
    #expect(whole.inner.q05 < 42 && whole.inner.q95 > 42)
  }

  /// The restricted likelihood from the whole covariance matrix.
  private func dense(
    _ data: [VarianceComponents.Observation], _ a: Double, _ b: Double, _ c: Double
  ) throws -> Double {
    let names = Set(data.map(\.condition)).sorted()
    var v = Matrix(rows: data.count, columns: data.count)
    for i in data.indices {
      for j in data.indices {
        let isLab = data[i].outer == data[j].outer
        v[i, j] = (i == j ? c * c : 0) + (isLab ? a * a : 0)
        if isLab, data[i].inner == data[j].inner { v[i, j] += b * b }
      }
    }
    func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    let factor = try Cholesky(v)
    let x = names.map { name in data.map { $0.condition == name ? 1.0 : 0 } }
    let y = data.map(\.value)
    let solved = x.map(factor.solve)
    var xvx = Matrix(rows: names.count, columns: names.count)
    for p in names.indices { for q in names.indices { xvx[p, q] = dot(x[p], solved[q]) } }
    let inner = try Cholesky(xvx)
    let xvy = solved.map { dot($0, y) }
    let rest = dot(y, factor.solve(y)) - dot(xvy, inner.solve(xvy))
    return -0.5 * (factor.logDeterminant + inner.logDeterminant + rest)
  }

  @Test("The recursion equals the dense restricted likelihood on unbalanced nested designs of three levels (D3)")
  func recursion() throws {
    var stream = RandomStream(seed: 4, purpose: "nested")
    for _ in 0..<200 {
      let data = (0..<(6 + stream.index(below: 10))).map { _ in
        VarianceComponents.Observation(
          stream.normal(), condition: stream.index(below: 2), outer: stream.index(below: 3),
          inner: stream.index(below: 2))
      }
      let counts = Dictionary(data.map { ($0.condition, 1) }, uniquingKeysWith: +)
      let kept = data.filter { (counts[$0.condition] ?? 0) > 1 }
      for (a, b, c) in [(0.3, 0.2, 0.5), (0, 0.4, 0.1), (1.5, 0, 2)] {
        let found = NestedLikelihood(data).log(outer: a, inner: b, residual: c)
        let expected = try dense(kept, a, b, c)
        #expect(abs(found - expected) < 1e-10 * max(abs(expected), 1))
      }
    }
  }

  @Test("Components drawn from the prior are covered as promised: three batches of three (D5)")
  func calibration() {
    var covered = [0, 0]
    let rounds = 1500
    for round in 0..<rounds {
      var stream = RandomStream(seed: 9, purpose: "components", draw: round)
      let sd = [0.08, 0.15].map { $0 * VarianceComponents.halfTQuantile(stream.uniform()) }
      var data: [VarianceComponents.Observation] = []
      for b in 0..<3 {
        let batch = sd[0] * stream.normal()
        for _ in 0..<3 { data.append(VarianceComponents.Observation(batch + sd[1] * stream.normal(), inner: b)) }
      }
      let found = VarianceComponents(data)
      for (k, c) in [found.inner, found.residual].enumerated() where c.q05 <= sd[k] && sd[k] <= c.q95 {
        covered[k] += 1
      }
    }
    for c in covered { #expect(abs(Double(c) / Double(rounds) - 0.9) < 0.03, "\(c)") }
  }

  @Test("Batches alike give a mode of 0 and a proper posterior (D3); no replicates leave the prior")
  func edges() {
    let alike = VarianceComponents(
      [1.0, 2, 3, 1, 2, 3].enumerated().map { VarianceComponents.Observation($1, inner: $0 / 3) })
    #expect(alike.inner.mode == 0 && alike.inner.median > 0 && alike.inner.q95.isFinite)
    let lone = VarianceComponents((0..<4).map { VarianceComponents.Observation(Double($0), condition: $0) })
    #expect([lone.outer, lone.inner, lone.residual].allSatisfy { $0.status == .assumed })
    #expect(abs(lone.residual.median - 0.15 * 0.7649) < 1e-3)
  }

  /// Values of three laboratories with two batches each.
  private func nested(_ count: Int, seed: UInt64) -> [VarianceComponents.Observation] {
    var stream = RandomStream(seed: seed, purpose: "nested")
    return (0..<3).flatMap { lab -> [VarianceComponents.Observation] in
      let a = 0.3 * stream.normal()
      return (0..<3).flatMap { lot -> [VarianceComponents.Observation] in
        let b = 0.1 * stream.normal()
        return (0..<count).map { _ in
          VarianceComponents.Observation(6 + a + b + 0.15 * stream.normal(), outer: lab, inner: lot)
        }
      }
    }
  }

  @Test("Sampling agrees with the grid where every value is known (D4)")
  func samplingAgrees() {
    let data = nested(6, seed: 4)
    let grid = VarianceComponents(data)
    let draws = sampled(data, kept: 4000, seed: 2)
    for (component, sampled) in zip([grid.outer, grid.inner, grid.residual], draws) {
      for (q, p) in [(component.q05, 0.05), (component.median, 0.5), (component.q95, 0.95)] {
        #expect(abs(Foundation.log(quantile(ofSorted: sampled, p) / q)) < 0.05, "\(p): \(q)")
      }
    }
  }

  /// Draws of each standard deviation, ascending.
  private func sampled(_ data: [VarianceComponents.Observation], kept: Int, seed: UInt64) -> [[Double]] {
    let sweeps = CensoredComponents(data, scales: [0.30, 0.08, 0.15], kept: kept, seed: seed).draws
    return (0..<3).map { k in sweeps.map { $0[k] }.sorted() }
  }

  @Test("Points of the posterior have its quantiles; those of bounds too; what is not estimable follows its prior")
  func points() {
    let data = nested(8, seed: 9)
    let bound = quantile(ofSorted: data.map(\.value).sorted(), 0.8)
    let cut = data.map {
      VarianceComponents.Observation(
        min($0.value, bound), upTo: $0.value > bound ? .infinity : nil, condition: $0.condition, outer: $0.outer,
        inner: $0.inner)
    }
    let alone = (0..<12).map { VarianceComponents.Observation(data[$0].value, inner: $0) }
    for observations in [data, cut, alone] {
      let found = VarianceComponents(observations)
      #expect(found.posterior.count == VarianceComponents.supportCount)
      #expect(found.posterior == VarianceComponents(observations).posterior)
      for (component, values) in [
        (found.outer, found.posterior.map(\.outer)), (found.inner, found.posterior.map(\.inner)),
        (found.residual, found.posterior.map(\.residual)),
      ] {
        let sorted = values.sorted()
        let width = Foundation.log(component.q95 / component.q05)
        for (q, p) in [(component.q05, 0.05), (component.median, 0.5), (component.q95, 0.95)] {
          #expect(abs(Foundation.log(quantile(ofSorted: sorted, p) / q)) < 0.2 * width, "\(p): \(q)")
        }
      }
    }
  }

  @Test("Cells that outlive their test: the scatter found lies within that of the full data (D4)")
  func censored() {
    let data = nested(8, seed: 9)
    let full = VarianceComponents(data)
    let bound = quantile(ofSorted: data.map(\.value).sorted(), 0.8)
    let cut = data.map { o -> VarianceComponents.Observation in
      var out = o
      if o.value > bound { (out.value, out.upper) = (bound, .infinity) }
      return out
    }
    let found = VarianceComponents(cut, seed: 3)
    for (a, b) in [(found.outer, full.outer), (found.inner, full.inner), (found.residual, full.residual)] {
      #expect(a.median > b.q05 && a.median < b.q95)
      #expect(a.status == b.status && a.q05 < a.median && a.median < a.q95)
    }
    // Taking bounds for lives makes the scatter too small.
    let naive = VarianceComponents(
      cut.map { VarianceComponents.Observation($0.value, outer: $0.outer, inner: $0.inner) })
    #expect(naive.residual.median < found.residual.median)
    #expect(VarianceComponents(cut, seed: 3).residual.median == found.residual.median)
  }

  @Test("Values between bounds: the posterior of their interval likelihood, worked out on a grid")
  func intervals() {
    // One batch: log lives of mean 6 and scatter 0.2, seen at check-ups 0.15 apart in the logarithm.
    var stream = RandomStream(seed: 12, purpose: "intervals")
    let data = (0..<14).map { i -> VarianceComponents.Observation in
      let x = 6 + 0.2 * stream.normal()
      if i % 7 == 6 { return .init(min(x, 6.1), upTo: .infinity) }
      if i % 3 == 0 { return .init(x) }
      let low = (x / 0.15).rounded(.down) * 0.15
      return .init(low, upTo: low + 0.15)
    }
    // Exact: the mean flat, half-t prior of scale 0.15 with 3 degrees of freedom.
    let logs = (0..<400).map { Foundation.log(0.04) + 3.5 * Double($0) / 399 }
    let weights = logs.map { x -> Double in
      let sd = exp(x)
      let likelihood = (0..<600).reduce(0.0) { sum, k in
        let mu = 5 + 2 * Double(k) / 599
        return sum
          + data.reduce(1.0) { product, o in
            if o.isKnown { return product * NormalDistribution.density((o.value - mu) / sd) / sd }
            let above = NormalDistribution.cumulative((mu - o.value) / sd)
            return product * (above - (o.isLowerBound ? 0 : NormalDistribution.cumulative((mu - o.upper) / sd)))
          }
      }
      return likelihood * sd / (1 + sd * sd / (3 * 0.0225)) / (1 + sd * sd / (3 * 0.0225))
    }
    let total = weights.reduce(0, +)
    let sampled = sampled(data, kept: 12_000, seed: 5)[2]
    for p in [0.05, 0.5, 0.95] {
      var below = 0.0
      let exact = logs.indices.first { k in
        below += weights[k] / total
        return below >= p
      }
      let found = Foundation.log(quantile(ofSorted: sampled, p))
      #expect(abs(found - logs[exact ?? 0]) < 0.05, "\(p): \(found), exact \(logs[exact ?? 0])")
    }
  }

  @Test("Narrow intervals are as good as values; lower ends taken for values are not")
  func narrow() {
    let data = nested(6, seed: 4)
    let grid = VarianceComponents(data)
    let cut = data.map { o in
      VarianceComponents.Observation(o.value - 1e-3, upTo: o.value + 1e-3, outer: o.outer, inner: o.inner)
    }
    let draws = sampled(cut, kept: 4000, seed: 2)
    for (component, sampled) in zip([grid.outer, grid.inner, grid.residual], draws) {
      for (q, p) in [(component.q05, 0.05), (component.median, 0.5), (component.q95, 0.95)] {
        #expect(abs(Foundation.log(quantile(ofSorted: sampled, p) / q)) < 0.05, "\(p): \(q)")
      }
    }
  }

  @Test("A normal cut to an interval: its quantiles integrate to the known mean and scatter (D6)")
  func cutNormal() {
    // Means of the cuts from densities, φ(2) − φ(3) over Φ(3) − Φ(2) and φ(6)/Φ(−6).
    for (low, high, mean, sd) in [(2.0, 3.0, 2.3158213, 0.2480338), (6, .infinity, 6.1584826, .nan)] {
      // Substituted u = 1 − e^−t, which spreads out the end of an open cut, where the quantile grows without bound: by
      // Simpson's rule, error 1e-9.
      let (n, end) = (20_000, 40.0)
      func integral(_ f: (Double) -> Double) -> Double {
        (0...n).reduce(0.0) { sum, k in
          let t = end * Double(k) / Double(n)
          let x = NormalDistribution.quantile(1 - exp(-t), from: low, to: high)
          return sum + (k == 0 || k == n ? 1 : k % 2 == 1 ? 4 : 2) * f(x) * exp(-t)
        } * end / Double(3 * n)
      }
      let found = integral { $0 }
      #expect(abs(found / mean - 1) < 1e-6, "\(found)")
      if sd.isFinite {
        let scatter = integral { ($0 - found) * ($0 - found) }.squareRoot()
        #expect(abs(scatter / sd - 1) < 1e-6, "\(scatter)")
      }
      let mirrored = NormalDistribution.quantile(0.3, from: -high, to: -low)
      #expect(abs(mirrored + NormalDistribution.quantile(0.7, from: low, to: high)) < 1e-12)
    }
    let far = NormalDistribution.quantile(0.5, from: 30, to: 31)
    #expect(far > 30 && far < 30.05)
  }

  @Test(
    "Batches of one cell each: what the batches scatter by cannot be told from the cells', and the data still count")
  func confounded() {
    let wide = VarianceComponents([0, 2, 4, 6].enumerated().map { .init($1, inner: $0) })
    let tight = VarianceComponents([0, 0.01, 0.02, 0.01].enumerated().map { .init($1, inner: $0) })
    #expect(wide.residual.status == .assumed && wide.inner.mode.isNaN)
    #expect(wide.inner.median > 5 * tight.inner.median)
  }
}
