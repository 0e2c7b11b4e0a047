public import CellModel

extension MaterialsLibrary {
  /// How much of what is stated may be used.
  public enum Detail: String, Sendable, Hashable, Codable, CaseIterable {
    /// The row of the material itself.
    case named
    /// Only the row of its class, so that nothing learnt on a published cell is used to predict that same cell.
    case classes
  }

  /// Finds the materials of a cell and lists what they change.
  ///
  /// Composition is by multiplication, covers add up as 1 − Π(1 − θ). A coating and a dopant that a synergy row names
  /// are replaced by that row. "X catholyte / Y separator" takes conduction and the anode side from Y and the rest from
  /// X; the lower conduction of X becomes tortuosity, as the model has one conductivity. A halide without a stated
  /// separator has one of Li6PS5Cl.
  ///
  /// - Throws: `DesignError` for a material that is unknown and has no class, an unknown class, or a number outside its
  ///   range.
  public func resolve(_ a: CellAttributes, detail: Detail = .named) throws(DesignError) -> ResolvedMaterials {
    var r = MaterialResolver(library: self, attributes: a, detail: detail)
    try r.single(.morphology, "morphology")
    try r.cathode()
    try r.electrolyte()
    try r.single(.electrolyteGrain, "electrolyte_grain")
    try r.anode()
    try r.coatingAndDopant()
    try r.build()
    return r.result
  }

  /// The parameters of a cell at nominal strength of its materials.
  ///
  /// - Throws: `DesignError`, see `resolve`.
  public func parameters(of a: CellAttributes) throws(DesignError) -> ParameterSet { try resolve(a).parameters() }
}

/// One resolution under way: a column after the other.
struct MaterialResolver {
  let library: MaterialsLibrary
  let attributes: CellAttributes
  let detail: MaterialsLibrary.Detail
  var result = ResolvedMaterials()

  /// A stated text; nil when empty.
  private func text(_ column: String) -> String? {
    attributes.texts[column].flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
  }

  /// A stated number within its range; nil when not stated, which is then listed as missing.
  ///
  /// - Throws: `DesignError` naming the column and the range.
  mutating func number(_ column: String, _ allowed: ClosedRange<Double>, optional: Bool = false) throws(DesignError)
    -> Double?
  {
    guard let value = attributes.numbers[column] else {
      if !optional { result.missing.append(column) }
      return nil
    }
    guard value.isFinite, allowed.contains(value) else {
      throw DesignError(field: column, found: "\(value)", allowed: "\(allowed.lowerBound)…\(allowed.upperBound)")
    }
    return value
  }

  /// Rows of a family, whose nickel content is not in the name.
  private static let families: Set<String> = ["NCM", "NCA"]

  mutating func cathode() throws(DesignError) {
    let column = "cathode_material"
    let stated = try number("nickel_fraction", 0...1, optional: true)
    guard let text = text(column) else {
      result.missing.append(column)
      if let stated { result.append(NickelContent.changes(stated), of: "nickel_fraction") }
      return
    }
    if let row = library.find(text, .cathode) {
      let isFamily = Self.families.contains(row.name)
      choose(row, column, text, isFamily ? .generic : .named)
      if let content = row.nickelFraction {
        if let stated, !isFamily, abs(stated - content) > 0.03 {
          throw DesignError(
            field: "nickel_fraction", found: "\(stated)", allowed: "about \(content) for \(row.name), or left empty")
        }
        if stated == nil, isFamily { result.missing.append("nickel_fraction") }
        result.append(NickelContent.changes(stated ?? content), of: row.name)
      }
      result.append(row.changes, of: row.name, kind: row.kind)
    } else if let stated {
      result.choices.append(.init(column: column, text: text, material: "NCM", basis: .generic))
      result.append(NickelContent.changes(stated), of: "nickel_fraction")
    } else {
      throw unknown(column, text, [.cathode], help: "a stated nickel_fraction for a layered cathode")
    }
  }

  /// A column that has no classes: known, or not stated.
  mutating func single(_ kind: MaterialKind, _ column: String) throws(DesignError) {
    guard let text = text(column) else {
      result.missing.append(column)
      return
    }
    guard let row = library.find(text, kind) else { throw unknown(column, text, [kind]) }
    use(row, column, text, .named)
  }

  mutating func anode() throws(DesignError) {
    guard let (row, basis, text) = try classified(.anode, "anode_material", "anode_class") else { return }
    use(row, "anode_material", text, basis)
    result.anode = AnodePotential(class: row.materialClass)
  }

  mutating func electrolyte() throws(DesignError) {
    let column = "electrolyte_material"
    let stated = text(column)
    let mentions = stated.map { library.mentions($0, [.electrolyte]) } ?? []
    // The catholyte is named before the first "/" that stands between two materials.
    var first: [Material] = []
    var rest: [Material] = []
    var part = 0
    for mention in mentions {
      if rest.isEmpty, mention.startPart == part {
        first.append(mention.material)
        part = mention.endPart
      } else {
        rest.append(mention.material)
      }
    }
    // A mixture that no row stands for is only known by its class.
    let named =
      library.combination(of: first, kind: .electrolyte) ?? (first.allSatisfy { $0 == first.first } ? first.first : nil)
    guard let (row, basis, text) = try classified(.electrolyte, column, "electrolyte_class", named: .some(named)) else {
      return
    }
    var separator = rest.last
    var separatorBasis = ResolvedMaterials.Basis.named
    if separator == nil, row.materialClass == "halide" {
      separator = library.find("Li6PS5Cl", .electrolyte)
      separatorBasis = .assumed
    }
    guard var separator, separator.name != row.name else { return use(row, column, text, basis) }
    if detail == .classes, let generic = separator.materialClass.flatMap({ library.classRow($0, .electrolyte) }) {
      separator = generic
      separatorBasis = separatorBasis == .named ? .generic : separatorBasis
    }
    split(row, separator, sameClass: row.materialClass == separator.materialClass)
    choose(row, column, text, basis)
    choose(separator, "\(column), separator", text, separatorBasis)
  }

  /// Conduction and anode side of the separator, the rest of the catholyte; their ratio becomes tortuosity.
  private mutating func split(_ catholyte: Material, _ separator: Material, sameClass: Bool) {
    let conduction: Set<Parameter> = [.conductivity, .conductivityActivation]
    let anodeSide: Set<Parameter> = [
      .anodeResistance, .anodeReaction, .anodeDiffusion, .anodeResistivity, .anodeSaturation, .anodeInterphaseLithium,
      .shortRate, .voidRate,
    ]
    func conductivity(_ material: Material) -> Double {
      var set = ParameterSet()
      for change in material.changes where change.parameter == .conductivity { change.apply(to: &set) }
      return set[.conductivity]
    }
    result.append(
      catholyte.changes.filter {
        !conduction.contains($0.parameter) && !anodeSide.contains($0.parameter)
          && !(sameClass && $0.parameter == .catholyteContactGrowth)
      }, of: catholyte.name, kind: .electrolyte)
    result.append(
      separator.changes.filter { conduction.contains($0.parameter) || anodeSide.contains($0.parameter) },
      of: separator.name, kind: .electrolyte)
    result.append(
      [
        ParameterChange(
          .tortuosity, .multiply, conductivity(separator) / conductivity(catholyte),
          source: "conductivity of \(separator.name) over that of \(catholyte.name)")
      ], of: catholyte.name)
  }

  mutating func coatingAndDopant() throws(DesignError) {
    var rows: [(row: Material, column: String, text: String, basis: ResolvedMaterials.Basis)] = []
    func add(_ row: Material, _ column: String, _ text: String, _ basis: ResolvedMaterials.Basis) {
      if !rows.contains(where: { $0.row == row }) { rows.append((row, column, text, basis)) }
    }
    var coatings = text("coating").map { library.mentions($0, [.coating, .synergy]).map(\.material) } ?? []
    var dopants = text("dopant").map { library.mentions($0, [.dopant, .synergy]).map(\.material) } ?? []
    if detail == .classes {
      let parts = (coatings + dopants).filter { $0.kind == .synergy }.flatMap(\.combines)
      coatings = coatings.filter { $0.kind == .coating } + parts.compactMap { library.find($0, .coating) }
      dopants = dopants.filter { $0.kind == .dopant } + parts.compactMap { library.find($0, .dopant) }
    }
    if coatings.count > 1, coatings.contains(where: { $0.materialClass == "none" }) {
      throw DesignError(field: "coating", found: text("coating") ?? "", allowed: "none, or a coating")
    }
    if let (row, basis, text) = try classified(.coating, "coating", "coating_class", named: .some(coatings.first)) {
      add(row, "coating", text, basis)
      if detail == .named { for more in coatings.dropFirst() { add(more, "coating", text, .named) } }
    }
    if dopants.isEmpty {
      if let text = text("dopant") { throw unknown("dopant", text, [.dopant, .synergy]) }
      result.missing.append("dopant")
    }
    for dopant in dopants {
      let text = text("dopant") ?? dopant.name
      if detail == .classes, dopant.name != "none", let generic = library.find("cation", .dopant) {
        add(generic, "dopant", text, .generic)
      } else {
        add(dopant, "dopant", text, .named)
      }
    }
    if let synergy = library.combination(of: rows.map(\.row), kind: .synergy) {
      let text = rows.filter { synergy.combines.contains($0.row.name) }.map(\.text).joined(separator: " + ")
      rows.removeAll { synergy.combines.contains($0.row.name) }
      add(synergy, "coating, dopant", text, .named)
    }
    let thickness = try number("coating_thickness_nm", 0.1...10_000, optional: true)
    let coats = rows.filter { $0.row.changes.contains { $0.parameter == .initialCoverage } }
    if thickness != nil, coats.isEmpty {
      throw DesignError(
        field: "coating_thickness_nm", found: "\(thickness ?? 0)", allowed: "empty, or a coating beside it")
    }
    if thickness == nil, !coats.isEmpty { result.missing.append("coating_thickness_nm") }
    for (row, column, text, basis) in rows {
      choose(row, column, text, basis)
      result.append(row.changes.map { c in thickness.map { CoatingThickness.apply($0, to: c) } ?? c }, of: row.name)
    }
    if let thickness {
      result.append([CoatingThickness.resistance(thicknessNm: thickness)], of: "coating_thickness_nm")
    }
  }

  /// The row of a column that has a class column beside it; nil and listed as missing when neither is stated.
  ///
  /// - Parameter named: the row that the text names where that was found already.
  private mutating func classified(
    _ kind: MaterialKind, _ column: String, _ classColumn: String, named: Material?? = nil
  ) throws(DesignError) -> (Material, ResolvedMaterials.Basis, String)? {
    let stated = text(classColumn)
    if let stated, !kind.classes.contains(stated) {
      throw DesignError(field: classColumn, found: stated, allowed: kind.classes.joined(separator: ", "))
    }
    let text = text(column)
    if let row = named ?? text.flatMap({ library.find($0, kind) }) {
      let text = text ?? row.name
      if kind == .coating, let stated, stated != row.materialClass, [stated, row.materialClass].contains("none") {
        throw DesignError(
          field: classColumn, found: stated, allowed: "\(row.materialClass ?? "a class"), as coating is \(text)")
      }
      let differs = stated != nil && row.materialClass != nil && stated != row.materialClass
      // An anode's class is a material; "oxide" or "other" is not, and then a stated class says more.
      let isGeneric = row.isClass && (row.name == "other" || (kind != .anode && row.name != "none"))
      if isGeneric { return (stated.flatMap { library.classRow($0, kind) } ?? row, .generic, text) }
      if detail == .classes, !row.isClass {
        guard let name = stated ?? row.materialClass, let generic = library.classRow(name, kind) else {
          throw unknown(column, text, [kind], help: "a stated \(classColumn)")
        }
        return (generic, .generic, text)
      }
      return (row, differs ? .differsFromClass : .named, text)
    }
    if let stated, let row = library.classRow(stated, kind) { return (row, .generic, text ?? stated) }
    if let text {
      throw unknown(column, text, [kind], help: "a stated \(classColumn) (\(kind.classes.joined(separator: ", ")))")
    }
    result.missing.append(column)
    return nil
  }

  private mutating func use(
    _ row: Material, _ column: String, _ text: String, _ basis: ResolvedMaterials.Basis
  ) {
    choose(row, column, text, basis)
    result.append(row.changes, of: row.name, kind: row.kind)
  }

  private mutating func choose(
    _ row: Material, _ column: String, _ text: String, _ basis: ResolvedMaterials.Basis
  ) {
    result.choices.append(.init(column: column, text: text, material: row.name, basis: basis))
  }

  private func unknown(_ column: String, _ text: String, _ kinds: [MaterialKind], help: String? = nil) -> DesignError {
    let near = library.nearest(to: text, kinds).joined(separator: ", ")
    return DesignError(
      field: column, found: text,
      allowed: "a known name (nearest: \(near)), \(help.map { "\($0), " } ?? "")or an own material in a JSON file")
  }
}
