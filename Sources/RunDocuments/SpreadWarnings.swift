package import SolidFade

extension ManufacturingVariability {
  /// Share of a distribution cut off above which a user should know (assumed).
  private static let mostCut = 0.2

  /// What does not scatter, or not as it is stated, about a design.
  package func warnings(of design: CellAttributes, named id: String, file: String?) -> [DataWarning] {
    var out: [DataWarning] = []
    for (k, p) in parameters.enumerated() where parameters.firstIndex(where: { $0.name == p.name }) == k {
      guard let value = design.numbers[p.name] else {
        out.append(
          DataWarning(
            "W070", file: file, field: p.name, "\(p.name) is not stated for \(id), so it does not scatter",
            help: "state it in the design"))
        continue
      }
      let cut = p.cutShare(about: value)
      guard cut > Self.mostCut else { continue }
      out.append(
        DataWarning(
          "W084", file: file, field: p.name,
          "the limits cut \(Tables.significant(100 * cut)) % of the spread of \(p.name) about \(shortest(value)), so that its mean and spread are others than stated",
          help: "state a narrower spread, or dist = \"beta\" between the limits"))
    }
    return out
  }
}
