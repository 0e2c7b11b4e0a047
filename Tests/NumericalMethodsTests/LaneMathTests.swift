#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import NumericalMethods
import Testing

/// Distance in units of the last place of the C library's value, which is itself right within one.
private func ulps(_ value: Double, _ exact: Double) -> Double { abs(value - exact) / exact.ulp }

/// Worst distance of a function from its reference over many points, eight at a time.
private func worst(
  _ points: [Double], _ function: (Lanes) -> Lanes, _ reference: (Double) -> Double
) -> (ulps: Double, at: Double) {
  var worst = (ulps: 0.0, at: 0.0)
  for start in stride(from: 0, to: points.count, by: 8) {
    var x = Lanes(repeating: points[start])
    for l in 0..<min(8, points.count - start) { x[l] = points[start + l] }
    let y = function(x)
    for l in 0..<8 {
      let d = ulps(y[l], reference(x[l]))
      if !(d <= worst.ulps) { worst = (d, x[l]) }
    }
  }
  return worst
}

private func uniform(_ count: Int, _ low: Double, _ high: Double) -> [Double] {
  var stream = RandomStream(seed: 5, purpose: "lane math")
  return (0..<count).map { _ in low + (high - low) * stream.uniform() }
}

@Suite("Elementary functions on lanes")
struct LaneMathTests {
  @Test("exp is within 2 ulp of the C library from −708 to 709")
  func exponential() {
    for (low, high) in [(-708.0, 709.0), (-1, 1), (-1e-3, 1e-3), (-40, 0)] {
      let w = worst(uniform(40_000, low, high), LaneMath.exp, exp)
      #expect(w.ulps <= 2, "\(w)")
    }
    #expect(LaneMath.exp(Lanes())[0] == 1)
  }

  @Test("log is within 2 ulp of the C library for all normal numbers, next to 1 too")
  func logarithm() {
    let scales = uniform(40_000, -290, 300).map { exp($0 * 2.302585) }
    for points in [scales, uniform(40_000, 0.5, 2), uniform(40_000, 1 - 1e-6, 1 + 1e-6)] {
      let w = worst(points, LaneMath.log, log)
      #expect(w.ulps <= 2, "\(w)")
    }
    #expect(LaneMath.log(Lanes(repeating: 1))[0] == 0)
  }

  @Test("Roots are within 2 ulp of the C library")
  func roots() {
    let points = uniform(40_000, -290, 290).map { exp($0 * 2.302585) }
    #expect(worst(points, LaneMath.squareRoot, { $0.squareRoot() }).ulps <= 2)
    #expect(worst(points, LaneMath.inverseRoot, { 1 / $0.squareRoot() }).ulps <= 3)
  }

  @Test("power loses no more than its exponent costs: 2 ulp for each unit of |p ln x|")
  func powers() {
    for p in [-2.0, 0.1, 0.5, 1, 2, 8] {
      for x in uniform(4000, 1e-6, 50) {
        let y = LaneMath.power(Lanes(repeating: x), Lanes(repeating: p))[0]
        #expect(ulps(y, pow(x, p)) <= 4 + 4 * abs(p * log(x)))
      }
    }
    #expect(LaneMath.power(Lanes(), Lanes(repeating: 0.5))[0] < 1e-140)
  }

  @Test("softplus agrees with ln(1 + eᶻ) to rounding in absolute terms, far out on both sides")
  func softplusOfLanes() {
    for z in uniform(8000, -60, 60) + [-700, -1e300, 700, 1e300, 0] {
      let y = LaneMath.softplus(Lanes(repeating: z))[0]
      #expect(abs(y - softplus(z)) <= 4e-16 * max(1, abs(z)), "\(z)")
    }
    for z in uniform(800, -30, 30) {
      #expect(abs(LaneMath.logistic(Lanes(repeating: z))[0] - 1 / (1 + exp(-z))) < 4e-16)
    }
  }

  @Test("The whole part and its index")
  func wholePart() {
    for x in uniform(8000, 0, 2047) + [0, 1, 2, 3, 1023, 2046, 2047, 0.499_999_999, 0.5] {
      let (whole, index) = LaneMath.floor(Lanes(repeating: x), mask: 2047)
      #expect(Double(index[0]) == whole[0])
      // A whole number may come out as the one below, with a remainder of 1.
      #expect(x - whole[0] >= 0 && x - whole[0] <= 1 && whole[0] >= 0, "\(x)")
      if x != x.rounded(.down) { #expect(whole[0] == x.rounded(.down), "\(x)") }
    }
    for bad in [Double.nan, .infinity, -.infinity, 1e300, -1e300] {
      let index = LaneMath.floor(Lanes(repeating: bad), mask: 2047).index
      #expect(index[0] >= 0 && index[0] <= 2047)
    }
  }

  @Test("Beyond the range results stay finite; NaN stays NaN")
  func extremes() {
    for x in [-Double.infinity, -1e308, -709, 0, 709.5, 1e308, .infinity] {
      let e = LaneMath.exp(Lanes(repeating: x))[0]
      #expect(e > 0 && e.isFinite, "\(x)")
    }
    for x in [-Double.infinity, -1, 0, .leastNonzeroMagnitude, 1e-300, .greatestFiniteMagnitude] {
      #expect(LaneMath.log(Lanes(repeating: x))[0].isFinite, "\(x)")
      #expect(LaneMath.squareRoot(Lanes(repeating: x))[0].isFinite, "\(x)")
      #expect(LaneMath.inverseRoot(Lanes(repeating: x))[0].isFinite, "\(x)")
    }
    let nan = Lanes(repeating: .nan)
    let results = [
      LaneMath.exp(nan), LaneMath.log(nan), LaneMath.softplus(nan), LaneMath.logistic(nan), LaneMath.inverseRoot(nan),
      LaneMath.squareRoot(nan), LaneMath.power(nan, Lanes(repeating: 2)), LaneMath.power(Lanes(repeating: 2), nan),
      LaneMath.clamp(nan, 0, 1), LaneMath.max(nan, Lanes()), LaneMath.min(nan, Lanes()),
    ]
    for (k, r) in results.enumerated() { #expect(r[0].isNaN, "function \(k)") }
  }

  @Test("Larger, smaller and bounds, lane by lane")
  func bounds() {
    let a = Lanes(1, -2, 3, 0, 5, -6, 7, 8)
    let b = Lanes(2, -3, 3, -1, 9, -5, 0, 80)
    for l in 0..<8 {
      #expect(LaneMath.max(a, b)[l] == max(a[l], b[l]))
      #expect(LaneMath.min(a, b)[l] == min(a[l], b[l]))
      #expect(LaneMath.clamp(a, -1, 4)[l] == min(max(a[l], -1), 4))
    }
  }

  @Test("A lane's bits do not depend on its neighbours, were they NaN or infinite")
  func independence() {
    let functions: [(Lanes) -> Lanes] = [
      LaneMath.exp, LaneMath.log, LaneMath.softplus, LaneMath.logistic, LaneMath.inverseRoot, LaneMath.squareRoot,
      { LaneMath.power($0, Lanes(repeating: 0.37)) }, { LaneMath.floor($0, mask: 2047).whole },
    ]
    for x in uniform(200, 0.01, 40) {
      for place in 0..<8 {
        var mixed = Lanes(.nan, .infinity, -.infinity, 0, -1e308, .leastNonzeroMagnitude, 700, -700)
        mixed[place] = x
        for f in functions { #expect(f(mixed)[place].bitPattern == f(Lanes(repeating: x))[0].bitPattern) }
      }
    }
  }
}
