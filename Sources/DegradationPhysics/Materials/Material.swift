/// What a row of the materials library stands for, and so which column of `cells.csv` names it.
public enum MaterialKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// Active material, column `cathode_material`.
  case cathode
  /// Single or polycrystalline particles, column `morphology`.
  case morphology
  /// Layer on the active material, column `coating`.
  case coating
  /// Bulk dopant of the active material, column `dopant`.
  case dopant
  /// A coating and a dopant that do more together; found by both columns or by its name in either.
  case synergy
  /// Solid electrolyte, column `electrolyte_material`.
  case electrolyte
  /// Grain of the electrolyte in the cathode, column `electrolyte_grain`.
  case electrolyteGrain = "electrolyte_grain"
  /// Counter electrode, column `anode_material`.
  case anode

  /// Values of the class column of this kind; empty where there is no such column.
  public var classes: [String] {
    switch self {
    case .coating: ["none", "oxide", "phosphate", "halide", "sulfur", "polymer", "other"]
    case .electrolyte:
      [
        "argyrodite", "argyrodite_cl_rich", "argyrodite_modified", "thiophosphate", "halide", "halide_blend",
        "hydroborate", "other",
      ]
    case .anode: ["LiIn", "Li", "LTO", "graphite", "silicon", "anode_free", "other"]
    case .cathode, .morphology, .dopant, .synergy, .electrolyteGrain: []
    }
  }
}

/// A material or remedy as data: what it is called and what it changes in the parameters.
///
/// The nominal parameters are uncoated single-crystal NCM811 in Li6PS5Cl against Li-In; every row is the difference
/// to that. A row named like a class of its kind stands for unknown members of the class.
public struct Material: Sendable, Hashable {
  /// Name, unique within its kind.
  public var name: String
  /// What it is.
  public var kind: MaterialKind
  /// Its class, one of `kind.classes`; nil where the kind has none.
  public var materialClass: String?
  /// Other spellings. Letter case, spaces, hyphens, sub- and superscripts do not count.
  public var aliases: [String]
  /// One line on what it does.
  public var summary: String
  /// Where it was shown.
  public var citation: String
  /// Share of nickel among the metals, for layered nickel cathodes only; it sets strain and oxygen loss.
  public var nickelFraction: Double?
  /// Names of rows that this one stands for when they are stated together.
  public var combines: [String]
  /// What it changes, applied in this order.
  public var changes: [ParameterChange]

  /// A material from its parts.
  public init(
    _ name: String, _ kind: MaterialKind, class materialClass: String? = nil, aliases: [String] = [], summary: String,
    citation: String, nickelFraction: Double? = nil, combines: [String] = [], changes: [ParameterChange] = []
  ) {
    self.name = name
    self.kind = kind
    self.materialClass = materialClass
    self.aliases = aliases
    self.summary = summary
    self.citation = citation
    self.nickelFraction = nickelFraction
    self.combines = combines
    self.changes = changes
  }

  /// Whether this row stands for a whole class.
  public var isClass: Bool { materialClass == name }

  /// What is wrong with this row: field, found, allowed; nil when nothing is.
  var fault: DesignError? {
    if MaterialText.key(name).isEmpty {
      return DesignError(field: "name", found: "\"\(name)\"", allowed: "a name with letters or digits")
    }
    for alias in aliases where MaterialText.key(alias).isEmpty {
      return DesignError(field: "aliases", found: "\"\(alias)\"", allowed: "names with letters or digits")
    }
    if citation.allSatisfy(\.isWhitespace) {
      return DesignError(field: "citation", found: "nothing", allowed: "a DOI, a report, or the word assumed")
    }
    if let c = materialClass, !kind.classes.contains(c) {
      let known = kind.classes.joined(separator: ", ")
      return DesignError(
        field: "class", found: "\"\(c)\"", allowed: known.isEmpty ? "no class for a \(kind.rawValue)" : known)
    }
    if materialClass == nil, !kind.classes.isEmpty {
      return DesignError(field: "class", found: "nothing", allowed: kind.classes.joined(separator: ", "))
    }
    if let nickel = nickelFraction, !(nickel >= 0 && nickel <= 1) || kind != .cathode {
      return DesignError(field: "nickel_fraction", found: "\(nickel)", allowed: "0…1, cathodes only")
    }
    return changes.lazy.compactMap(\.fault).first
  }
}
