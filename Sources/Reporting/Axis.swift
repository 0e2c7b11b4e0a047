/// A linear axis with round ticks.
struct Axis {
  var low: Double
  var high: Double
  var ticks: [Double]

  /// An axis over a range, widened to round ticks.
  ///
  /// - Parameter count: about how many ticks.
  init(_ range: ClosedRange<Double>, count: Int = 6) {
    let span = max(range.upperBound - range.lowerBound, 1e-9)
    let raw = span / Double(max(count - 1, 1))
    var power = 1.0
    while power * 10 <= raw { power *= 10 }
    while power > raw { power /= 10 }
    let step = ([1, 2, 5, 10].first { $0 * power >= raw } ?? 10) * power
    low = (range.lowerBound / step).rounded(.down) * step
    high = (range.upperBound / step).rounded(.up) * step
    if high <= low { high = low + step }
    let n = Int(((high - low) / step).rounded())
    let start = low
    ticks = (0...n).map { start + step * Double($0) }
  }

  /// Share of the axis, 0…1.
  func share(_ x: Double) -> Double { (x - low) / (high - low) }

  /// A tick in the fewest figures.
  static func label(_ x: Double) -> String {
    if abs(x - x.rounded()) < 1e-9 { return String(Int(x.rounded())) }
    var text = String((x * 1000).rounded() / 1000)
    while text.contains("."), text.hasSuffix("0") { text.removeLast() }
    return text
  }
}
