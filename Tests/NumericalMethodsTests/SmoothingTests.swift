import NumericalMethods
import Testing

@Suite("Savitzky–Golay filters and isotonic regression")
struct SmoothingTests {
  @Test("Filters equal scipy's, ends included")
  func scipy() throws {
    let reference = try CurveReference.load()
    for f in reference.filters {
      let filter = SavitzkyGolay(window: f.window, order: f.order, derivative: f.derivative)
      let found = filter.apply(reference.signal, spacing: 0.1)
      // Second derivatives are of order 100 at this spacing.
      #expect(largestGap(found, f.values) < 1e-9, "window \(f.window), order \(f.order), derivative \(f.derivative)")
    }
  }

  @Test("A polynomial of the filter's degree is reproduced with its derivatives", arguments: [7, 15, 41])
  func polynomial(window: Int) {
    let t = (0..<60).map { 0.05 * Double($0) }
    func cubic(_ x: Double) -> Double { 1 + x * (2 + x * (-3 + x)) }
    let values = t.map(cubic)
    let slope = SavitzkyGolay(window: window, derivative: 1).apply(values, spacing: 0.05)
    let bend = SavitzkyGolay(window: window, derivative: 2).apply(values, spacing: 0.05)
    #expect(largestGap(SavitzkyGolay(window: window).apply(values), values) < 1e-12)
    #expect(largestGap(slope, t.map { 2 + $0 * (-6 + 3 * $0) }) < 1e-10)
    #expect(largestGap(bend, t.map { -6 + 6 * $0 }) < 1e-8)
  }

  @Test("Pooling equals scikit-learn's, with and without weights")
  func isotonic() throws {
    let reference = try CurveReference.load()
    #expect(largestGap(isotonicRegression(reference.signal), reference.isotonic) < 1e-12)
    let weighted = isotonicRegression(reference.signal, weights: reference.weights)
    #expect(largestGap(weighted, reference.isotonicWeighted) < 1e-12)
    #expect(isotonicRegression([1, 2, 2, 5]) == [1, 2, 2, 5] && isotonicRegression([]) == [])
    #expect(isotonicRegression([3, 2, 1]) == [2, 2, 2])
  }
}
