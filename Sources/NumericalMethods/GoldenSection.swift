/// Where a function with one minimum in a range has it, by golden section; each step shrinks the range to 0.618 of it.
///
/// - Source: J. Kiefer, Proc. Am. Math. Soc. 4 (1953) 502, doi:10.1090/S0002-9939-1953-0055639-3.
public func goldenSection(in range: ClosedRange<Double>, steps: Int, _ f: (Double) -> Double) -> Double {
  let ratio = (5.0.squareRoot() - 1) / 2
  var (low, high) = (range.lowerBound, range.upperBound)
  var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
  var (atLeft, atRight) = (f(left), f(right))
  for _ in 0..<steps {
    if atLeft <= atRight {
      (high, right, atRight) = (right, left, atLeft)
      left = high - ratio * (high - low)
      atLeft = f(left)
    } else {
      (low, left, atLeft) = (left, right, atRight)
      right = low + ratio * (high - low)
      atRight = f(right)
    }
  }
  return (low + high) / 2
}
