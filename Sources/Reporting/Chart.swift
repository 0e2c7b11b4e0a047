/// An SVG figure with axes; colours come from CSS classes, so one figure serves light and dark pages.
struct Chart {
  static let width = 640.0
  static let height = 330.0
  private static let left = 62.0
  private static let right = 18.0
  private static let top = 16.0
  private static let bottom = 46.0

  var x: Axis
  var y: Axis
  private var body = ""

  /// A figure with its axes drawn.
  init(x: Axis, y: Axis, xTitle: String, yTitle: String) {
    self.x = x
    self.y = y
    for t in y.ticks {
      let p = Self.format(py(t))
      body += "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(p)\" y2=\"\(p)\"/>"
      body +=
        "<text class=\"tick\" text-anchor=\"end\" x=\"\(Self.left - 8)\" y=\"\(Self.format(py(t) + 4))\">\(Axis.label(t))</text>"
    }
    for t in x.ticks {
      body +=
        "<text class=\"tick\" text-anchor=\"middle\" x=\"\(Self.format(px(t)))\" y=\"\(Self.height - Self.bottom + 18)\">\(Axis.label(t))</text>"
    }
    let base = Self.height - Self.bottom
    body += "<line class=\"axis\" x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(base)\" y2=\"\(base)\"/>"
    let middle = Self.left + (Self.width - Self.left - Self.right) / 2
    body +=
      "<text class=\"title\" text-anchor=\"middle\" x=\"\(middle)\" y=\"\(Self.height - 8)\">\(escaped(xTitle))</text>"
    let side = Self.top + (base - Self.top) / 2
    body +=
      "<text class=\"title\" text-anchor=\"middle\" transform=\"translate(15 \(side)) rotate(-90)\">\(escaped(yTitle))</text>"
  }

  func px(_ v: Double) -> Double { Self.left + min(max(x.share(v), 0), 1) * (Self.width - Self.left - Self.right) }
  func py(_ v: Double) -> Double {
    Self.height - Self.bottom - min(max(y.share(v), 0), 1) * (Self.height - Self.top - Self.bottom)
  }

  private static func format(_ v: Double) -> String { String((v * 10).rounded() / 10) }

  private func path(_ points: [(Double, Double)]) -> String {
    points.enumerated().map { "\($0 == 0 ? "M" : "L")\(Self.format(px($1.0))) \(Self.format(py($1.1)))" }.joined()
  }

  /// A filled band between two lines.
  mutating func band(_ xs: [Double], _ low: [Double], _ high: [Double], class name: String) {
    guard xs.count > 1 else { return }
    let there = Array(zip(xs, high))
    let back = Array(zip(xs, low).reversed())
    body += "<path class=\"\(name)\" d=\"\(path(there + back))Z\"/>"
  }

  /// A line.
  mutating func line(_ points: [(Double, Double)], class name: String) {
    guard points.count > 1 else { return }
    body += "<path class=\"\(name)\" d=\"\(path(points))\"/>"
  }

  /// Points.
  mutating func dots(_ points: [(Double, Double)], class name: String) {
    for p in points {
      body += "<circle class=\"\(name)\" cx=\"\(Self.format(px(p.0)))\" cy=\"\(Self.format(py(p.1)))\" r=\"2.2\"/>"
    }
  }

  /// A vertical line with a word beside it.
  mutating func mark(x v: Double, _ word: String, class name: String) {
    let p = px(v)
    body +=
      "<line class=\"\(name)\" x1=\"\(Self.format(p))\" x2=\"\(Self.format(p))\" y1=\"\(Self.top)\" y2=\"\(Self.height - Self.bottom)\"/>"
    let isRight = p > Self.width * 0.75
    body +=
      "<text class=\"note\" text-anchor=\"\(isRight ? "end" : "start")\" x=\"\(Self.format(p + (isRight ? -4 : 4)))\" y=\"\(Self.top + 10)\">\(escaped(word))</text>"
  }

  /// A horizontal line with a word above it.
  mutating func mark(y v: Double, _ word: String, class name: String) {
    let p = py(v)
    body +=
      "<line class=\"\(name)\" x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(Self.format(p))\" y2=\"\(Self.format(p))\"/>"
    body +=
      "<text class=\"note\" text-anchor=\"start\" x=\"\(Self.left + 6)\" y=\"\(Self.format(p - 5))\">\(escaped(word))</text>"
  }

  /// The figure.
  func svg(label: String) -> String {
    "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(escaped(label))\"><title>\(escaped(label))</title>\(body)</svg>"
  }
}

/// Text made safe for HTML.
func escaped(_ text: String) -> String {
  var out = ""
  for c in text {
    switch c {
    case "&": out += "&amp;"
    case "<": out += "&lt;"
    case ">": out += "&gt;"
    case "\"": out += "&quot;"
    default: out.append(c)
    }
  }
  return out
}
