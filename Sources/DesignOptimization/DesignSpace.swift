internal import Foundation
internal import NumericalMethods

/// What is wrong with a design space.
public struct DesignSpaceError: Error, Hashable, Sendable {
  /// The part of the space, e.g. `variable[2] "coating"`.
  public var part: String
  /// What was found and what was expected.
  public var message: String
  /// Column within a formula, where one is at fault.
  public var column: Int?
  /// What to do.
  public var help: String?
}

/// One quantity that is free to choose.
public struct DesignVariable: Sendable, Hashable {
  /// What values it may take.
  public enum Range: Sendable, Hashable {
    /// Any number between the bounds, searched evenly or evenly in the logarithm.
    case real(ClosedRange<Double>, isLogarithmic: Bool)
    /// One of these numbers, ascending; neighbours are alike.
    case ordinal([Double])
    /// One of these words, which have no order.
    case category([String])
  }

  /// Column of `cells.csv`.
  public var name: String
  /// Its values.
  public var range: Range

  /// A variable.
  public init(_ name: String, _ range: Range) {
    self.name = name
    self.range = range
  }

  var isReal: Bool { if case .real = range { true } else { false } }

  /// Number of values of a variable that is not real.
  var choices: Int {
    switch range {
    case .real: 0
    case .ordinal(let values): values.count
    case .category(let words): words.count
    }
  }

  /// The value of gene `g`: a share of the range for reals, a rank for the others.
  func value(_ g: Double) -> DesignValue {
    switch range {
    case .real(let bounds, let isLogarithmic):
      if isLogarithmic {
        let (a, b) = (log(bounds.lowerBound), log(bounds.upperBound))
        return .number(min(max(exp(a + g * (b - a)), bounds.lowerBound), bounds.upperBound))
      }
      return .number(bounds.lowerBound + g * (bounds.upperBound - bounds.lowerBound))
    case .ordinal(let values): return .number(values[Int(g)])
    case .category(let words): return .text(words[Int(g)])
    }
  }

  /// The gene of a value as far as scales reach beyond the range: below 0 and above 1 for reals, between and beyond ranks,
  /// −1 for another word; nil for a value of another kind.
  func extendedGene(_ value: DesignValue) -> Double? {
    switch (range, value) {
    case (.real(let bounds, let isLogarithmic), .number(let x)):
      func scale(_ x: Double) -> Double { isLogarithmic ? log(x) : x }
      let (low, high) = (scale(bounds.lowerBound), scale(bounds.upperBound))
      return isLogarithmic && x <= 0 ? nil : (scale(x) - low) / (high - low)
    case (.ordinal(let values), .number(let x)):
      guard values.count > 1 else { return x == values[0] ? 0 : nil }
      let k = min(max((values.firstIndex { $0 >= x } ?? values.count) - 1, 0), values.count - 2)
      return Double(k) + (x - values[k]) / (values[k + 1] - values[k])
    case (.category(let words), .text(let t)): return Double(words.firstIndex(of: t) ?? -1)
    default: return nil
    }
  }

  /// The gene of a value; nil for one outside.
  func gene(_ value: DesignValue) -> Double? {
    switch (range, value) {
    case (.real(let bounds, let isLogarithmic), .number(let x)):
      guard bounds.contains(x) else { return nil }
      if isLogarithmic {
        return (log(x) - log(bounds.lowerBound)) / (log(bounds.upperBound) - log(bounds.lowerBound))
      }
      return (x - bounds.lowerBound) / (bounds.upperBound - bounds.lowerBound)
    case (.ordinal(let values), .number(let x)): return values.firstIndex(of: x).map(Double.init)
    case (.category(let words), .text(let t)): return words.firstIndex(of: t).map(Double.init)
    default: return nil
    }
  }
}

/// All designs that may be built: variables, what follows from them, and what must hold.
public struct DesignSpace: Sendable, Hashable {
  /// A quantity computed from others.
  public struct Linked: Sendable, Hashable {
    /// Column of `cells.csv`.
    public var name: String
    /// Its formula.
    public var expression: Expression

    /// A linked quantity.
    public init(name: String, expression: Expression) {
      self.name = name
      self.expression = expression
    }
  }

  /// Quantities that add up to a total.
  public struct Mixture: Sendable, Hashable {
    /// Real variables of the space, two or more, on a linear scale.
    public var names: [String]
    /// What they add up to, in their unit; may read the base and variables outside mixtures.
    public var total: Expression

    /// A mixture.
    public init(names: [String], total: Expression) {
      self.names = names
      self.total = total
    }
  }

  /// Free quantities.
  public let variables: [DesignVariable]
  /// Variables that add up to a total; none is in two of them.
  public let mixtures: [Mixture]
  /// Places of their components among the variables.
  private let components: [[Int]]
  /// Computed quantities, in an order in which each follows those it reads.
  public let linked: [Linked]
  /// Formulas that must hold, checked before anything is simulated.
  public let constraints: [Expression]
  /// Everything that is not varied.
  public let base: [String: DesignValue]

  /// A space.
  ///
  /// - Throws: `DesignSpaceError` for a variable without values, with crossed bounds or named twice, a linked quantity
  ///   that needs itself, a name that nothing gives; a mixture of fewer than two real variables on a linear scale, one
  ///   that shares a component with another, or a total that the bounds never reach.
  public init(
    variables: [DesignVariable], mixtures: [Mixture] = [], linked: [Linked] = [], constraints: [Expression] = [],
    base: [String: DesignValue] = [:]
  ) throws(DesignSpaceError) {
    guard !variables.isEmpty else {
      throw DesignSpaceError(
        part: "variable", message: "there is no variable", help: "state what may be chosen: variable = [ { … } ]")
    }
    var seen: Set<String> = []
    for v in variables {
      let part = "variable \"\(v.name)\""
      guard seen.insert(v.name).inserted else {
        throw DesignSpaceError(part: part, message: "is named twice", help: "keep one of them")
      }
      switch v.range {
      case .real(let bounds, let isLogarithmic):
        guard bounds.lowerBound.isFinite, bounds.upperBound.isFinite, bounds.lowerBound < bounds.upperBound else {
          throw DesignSpaceError(
            part: part,
            message: "bounds [\(bounds.lowerBound), \(bounds.upperBound)], expected two finite numbers, ascending")
        }
        guard !isLogarithmic || bounds.lowerBound > 0 else {
          throw DesignSpaceError(part: part, message: "scale \"log\" needs bounds above 0")
        }
      case .ordinal(let values):
        guard !values.isEmpty, zip(values, values.dropFirst()).allSatisfy(<) else {
          throw DesignSpaceError(
            part: part, message: "values must be ascending numbers, at least one",
            help: "write values = [4.1, 4.2]")
        }
      case .category(let words):
        guard !words.isEmpty, Set(words).count == words.count else {
          throw DesignSpaceError(
            part: part, message: "values must be different words, at least one",
            help: "write values = [\"none\", \"LiNbO3\"]")
        }
      }
    }
    for l in linked where !seen.insert(l.name).inserted {
      throw DesignSpaceError(part: "linked \"\(l.name)\"", message: "is a variable or linked already")
    }
    // What is linked is computed, also where the base states it.
    let stated = Set(variables.map(\.name)).union(base.keys).subtracting(linked.map(\.name))
    self.linked = try Self.ordered(linked, known: stated)
    let known = seen.union(base.keys)
    for c in constraints {
      if let name = c.names.first(where: { !known.contains($0) }) {
        throw DesignSpaceError(
          part: "constraint \"\(c.text)\"",
          message: "\"\(name)\" is no variable, no linked quantity and not in the base",
          help: "correct the name, or state it in the base design")
      }
    }
    self.variables = variables
    self.constraints = constraints
    self.base = base
    self.mixtures = mixtures
    components = try Self.components(mixtures, variables, base)
  }

  /// Places of the components of each mixture.
  private static func components(
    _ mixtures: [Mixture], _ variables: [DesignVariable], _ base: [String: DesignValue]
  ) throws(DesignSpaceError) -> [[Int]] {
    var taken: Set<String> = []
    let mixed = Set(mixtures.flatMap(\.names))
    var out: [[Int]] = []
    for m in mixtures {
      let part = "mixture of \(m.names.joined(separator: ", "))"
      guard m.names.count > 1 else { throw DesignSpaceError(part: part, message: "expected two names or more") }
      var places: [Int] = []
      for name in m.names {
        guard taken.insert(name).inserted else {
          throw DesignSpaceError(part: part, message: "\"\(name)\" is named twice")
        }
        guard let k = variables.firstIndex(where: { $0.name == name }), case .real(_, false) = variables[k].range else {
          throw DesignSpaceError(part: part, message: "\"\(name)\" is no real variable on a linear scale")
        }
        places.append(k)
      }
      for name in m.total.names {
        guard !mixed.contains(name) else {
          throw DesignSpaceError(part: part, message: "the total needs \"\(name)\", which is mixed itself")
        }
        guard base[name] != nil || variables.contains(where: { $0.name == name }) else {
          throw DesignSpaceError(part: part, message: "the total needs \"\(name)\", which is not known")
        }
      }
      out.append(places)
      // A total that varies is checked design by design.
      guard !variables.contains(where: { m.total.names.contains($0.name) }) else { continue }
      let total: Double
      do { total = try m.total.value { base[$0] } } catch {
        throw DesignSpaceError(part: part, message: error.message, column: error.column)
      }
      let simplex = simplex(places, variables, total: total)
      guard !simplex.isEmpty else {
        throw DesignSpaceError(
          part: part,
          message:
            "the bounds allow sums from \(simplex.low.reduce(0, +)) to \(simplex.high.reduce(0, +)); the total is "
            + "\(total)")
      }
    }
    return out
  }

  private static func simplex(_ places: [Int], _ variables: [DesignVariable], total: Double) -> BoundedSimplex {
    let bounds = places.map { k -> ClosedRange<Double> in
      if case .real(let bounds, _) = variables[k].range { bounds } else { 0...0 }
    }
    return BoundedSimplex(low: bounds.map(\.lowerBound), high: bounds.map(\.upperBound), total: total)
  }

  /// The total of each mixture for a design; nil where its formula has no value.
  private func total(_ m: Int, _ values: [String: DesignValue]) -> Double? {
    try? mixtures[m].total.value { values[$0] }
  }

  /// Largest difference between a sum and its total that counts as rounding, as a share of the total.
  private static let rounding = 1e-9

  /// Genes changed so that all mixtures add up; the rest as it is.
  private func mixed(
    _ genes: [Double], holding k: Int? = nil, _ change: (BoundedSimplex, [Double]) -> [Double]
  ) -> [Double] {
    guard !mixtures.isEmpty else { return genes }
    var (out, values) = (genes, base)
    for (v, g) in zip(variables, genes) { values[v.name] = v.value(g) }
    for (m, places) in components.enumerated() {
      guard let total = total(m, values) else { continue }
      var simplex = Self.simplex(places, variables, total: total)
      let (low, span) = (simplex.low, zip(simplex.low, simplex.high).map { $1 - $0 })
      let x = places.indices.map { low[$0] + genes[places[$0]] * span[$0] }
      guard !simplex.isEmpty, abs(x.reduce(0, +) - total) > Self.rounding * max(abs(total), 1e-3) else { continue }
      if let k, let i = places.firstIndex(of: k) {
        var held = simplex
        (held.low[i], held.high[i]) = (x[i], x[i])
        if !held.isEmpty { simplex = held }
      }
      for (i, y) in change(simplex, x).enumerated() { out[places[i]] = min(max((y - low[i]) / span[i], 0), 1) }
    }
    return out
  }

  /// The genes of the nearest design whose mixtures add up: a Euclidean projection in the unit of the components.
  ///
  /// - Parameter k: a variable that keeps its value where the others can make up for it.
  public func repaired(_ genes: [Double], holding k: Int? = nil) -> [Double] {
    mixed(genes, holding: k) { $0.projected($1) }
  }

  /// Genes spread evenly over the unit cube as genes spread evenly over designs whose mixtures add up: what does not add
  /// up is drawn anew, by `seed` and the number of the point.
  func spread(_ genes: [Double], seed: UInt64, point: Int) -> [Double] {
    var stream = RandomStream(seed: seed, purpose: "mixture", draw: point)
    return mixed(genes) { simplex, _ in simplex.drawn(&stream) }
  }

  /// Each linked quantity after those it reads.
  private static func ordered(_ linked: [Linked], known: Set<String>) throws(DesignSpaceError) -> [Linked] {
    var (known, left, out) = (known, linked, [Linked]())
    while !left.isEmpty {
      guard let k = left.firstIndex(where: { $0.expression.names.allSatisfy(known.contains) }) else {
        let first = left[0]
        let missing = first.expression.names.first { !known.contains($0) } ?? ""
        let isCycle = left.contains { $0.name == missing }
        throw DesignSpaceError(
          part: "linked \"\(first.name)\"",
          message: isCycle ? "needs itself by way of \"\(missing)\"" : "\"\(missing)\" is not known",
          help: isCycle ? "write one of them without the other" : "vary it, or state it in the base design")
      }
      known.insert(left[k].name)
      out.append(left.remove(at: k))
    }
    return out
  }

  /// A design in full: base, variables, linked quantities.
  ///
  /// - Throws: `DesignSpaceError` where a linked formula has no value.
  public func design(_ genes: [Double]) throws(DesignSpaceError) -> [String: DesignValue] {
    var values = base
    for (v, g) in zip(variables, genes) { values[v.name] = v.value(g) }
    for m in mixtures.indices {
      let part = "mixture of \(mixtures[m].names.joined(separator: ", "))"
      guard let total = total(m, values) else { throw DesignSpaceError(part: part, message: "the total has no value") }
      let sum = components[m].reduce(0.0) { $0 + (variables[$1].value(genes[$1]).number ?? 0) }
      guard abs(sum - total) <= 2 * Self.rounding * max(abs(total), 1e-3) else {
        throw DesignSpaceError(part: part, message: "adds up to \(sum), expected \(total)")
      }
    }
    return try completed(values)
  }

  /// Values with the linked quantities that follow from them.
  ///
  /// - Throws: `DesignSpaceError` where a linked formula has no value.
  public func completed(_ stated: [String: DesignValue]) throws(DesignSpaceError) -> [String: DesignValue] {
    var values = stated
    for l in linked {
      do { values[l.name] = .number(try l.expression.value { values[$0] }) } catch {
        throw DesignSpaceError(part: "linked \"\(l.name)\"", message: error.message, column: error.column)
      }
    }
    return values
  }

  /// How far each constraint is from holding.
  ///
  /// - Throws: `DesignSpaceError` naming a constraint that has no value for the design.
  public func violations(_ design: [String: DesignValue]) throws(DesignSpaceError) -> [Double] {
    var out: [Double] = []
    for c in constraints {
      do throws(ExpressionError) { out.append(try c.violation { design[$0] }) } catch {
        throw DesignSpaceError(part: "constraint \"\(c.text)\"", message: error.message, column: error.column)
      }
    }
    return out
  }

  /// The genes of a design within the space or beyond it; nil where a value has no place on its scale.
  func extendedGenes(_ design: [String: DesignValue]) -> [Double]? {
    let genes = variables.map { v in design[v.name].flatMap { v.extendedGene($0) } }
    return genes.contains { $0 == nil } ? nil : genes.compactMap { $0 }
  }

  /// The genes of a design; nil where one of its values lies outside, or a mixture is off its total by more than a
  /// thousandth (less counts as rounding, and is made up for).
  public func genes(_ design: [String: DesignValue]) -> [Double]? {
    var out: [Double] = []
    for v in variables {
      guard let value = design[v.name], let g = v.gene(value) else { return nil }
      out.append(g)
    }
    for m in mixtures.indices {
      let sum = components[m].reduce(0.0) { $0 + (variables[$1].value(out[$1]).number ?? 0) }
      guard let total = total(m, design), abs(sum - total) <= 1e-3 * abs(total) else { return nil }
    }
    return repaired(out)
  }
}
