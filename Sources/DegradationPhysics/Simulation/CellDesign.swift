public import CellModel
internal import NumericalMethods

/// A design that cannot be.
public struct DesignError: Error, Hashable, Sendable {
  /// The column at fault.
  public var field: String
  /// What was found.
  public var found: String
  /// What is allowed.
  public var allowed: String
}

/// A sulfide solid-state cell and how it is cycled, SI.
public struct CellDesign: Sendable, Hashable, Codable {
  /// Active material per area [kg·m⁻²].
  public var loadingKgPerM2: Double
  /// Temperature [K].
  public var temperatureK: Double
  /// Stack pressure [Pa].
  public var stackPressurePa: Double
  /// Upper cut-off [V against Li].
  public var upperCutoffV: Double
  /// Lower cut-off [V against Li].
  public var lowerCutoffV: Double
  /// Charge and discharge current densities [A·m⁻²].
  public var chargeCurrentAPerM2: Double
  /// See `chargeCurrentAPerM2`.
  public var dischargeCurrentAPerM2: Double
  /// Current density of 1C [A·m⁻²]: loading × the basis of C-rates (200 mAh g⁻¹ unless stated).
  public var oneCAPerM2: Double
  /// Current left at the end of the constant-voltage charge, as a share (assumed 0.2; 1 is no hold).
  public var chargeEndShare = 0.2
  /// Rest per cycle [s] (assumed).
  public var restS = 1200.0
  /// Counter electrode.
  public var anode: AnodePotential
  /// Columns that were not stated and are assumed.
  public var assumed: [String]

  /// Reads a design from the columns of `cells.csv`; what is not stated is assumed and listed.
  ///
  /// Assumed: 10 mg cm⁻², 25 °C, 50 MPa, 4.3 V to 2.5 V against Li, C/5 on 200 mAh g⁻¹, NCM811 against Li-In.
  /// - Parameter anode: the counter electrode; that of `anode_class` when nil.
  /// - Throws: `DesignError` for values that no cell can have.
  public init(_ a: CellAttributes, anode known: AnodePotential? = nil) throws(DesignError) {
    var assumed: [String] = []
    func take(_ column: String, _ fallback: Double, _ allowed: ClosedRange<Double>) throws(DesignError) -> Double {
      guard let value = a.numbers[column] else {
        assumed.append(column)
        return fallback
      }
      guard value.isFinite, allowed.contains(value) else {
        throw DesignError(
          field: column, found: "\(value)", allowed: "\(allowed.lowerBound)…\(allowed.upperBound)")
      }
      return value
    }
    var masses = 0.0
    for column in [
      "active_mass_fraction", "electrolyte_mass_fraction", "carbon_mass_fraction", "binder_mass_fraction",
    ] { masses += try take(column, 0, 0...1) }
    // Published fractions are rounded.
    if masses > 1.02 {
      throw DesignError(
        field: "active_mass_fraction", found: "mass fractions that add up to \(masses)", allowed: "a sum of at most 1")
    }
    for column in ["nickel_fraction", "cathode_porosity", "dopant_fraction"] { _ = try take(column, 0, 0...1) }
    anode = known ?? AnodePotential(class: a.text("anode_class"))
    _ = try take("counter_potential_v", anode.referenceV, -1...3)
    let basis = try take("c_rate_basis_mah_g", 200, 1...1000)
    assumed = []
    let offset = Self.referenceOffsetV(a, anode)
    loadingKgPerM2 = try take("areal_loading_mg_cm2", 10, 0.01...500) * 0.01
    temperatureK = try take("temperature_celsius", 25, -60...200) + 273.15
    stackPressurePa = try take("stack_pressure_mpa", 50, 0...1000) * 1e6
    upperCutoffV = try take("upper_cutoff_v", 4.3 - offset, 0...6) + offset
    lowerCutoffV = try take("lower_cutoff_v", 2.5 - offset, -1...5) + offset
    if !(upperCutoffV > lowerCutoffV) {
      throw DesignError(
        field: "upper_cutoff_v", found: "\(upperCutoffV) V against Li",
        allowed: "above the lower cut-off of \(lowerCutoffV) V against Li")
    }
    let nominal = loadingKgPerM2 * basis
    var rate = 0.2
    if let density = a.numbers["current_density_ma_cm2"], a.numbers["discharge_c_rate"] == nil {
      guard density >= 1e-6, density <= 1000 else {
        throw DesignError(field: "current_density_ma_cm2", found: "\(density)", allowed: "1e-06…1000.0")
      }
      rate = density * 10 / nominal
    } else {
      rate = try take("discharge_c_rate", 0.2, 1e-4...200)
    }
    oneCAPerM2 = nominal
    dischargeCurrentAPerM2 = rate * nominal
    let stated = assumed
    chargeCurrentAPerM2 = try take("charge_c_rate", rate, 1e-4...200) * nominal
    // A charge at the rate of the discharge is the usual reading, not a guess to report.
    assumed = stated
    for column in ["morphology", "anode_class", "coating_class", "electrolyte_class"] where a.texts[column] == nil {
      assumed.append(column)
    }
    self.assumed = assumed
  }

  /// Volts to add to a stated cut-off to have it against Li.
  static func referenceOffsetV(_ a: CellAttributes, _ anode: AnodePotential) -> Double {
    switch a.text("voltage_reference") {
    case "InLi": AnodePotential.lithiumIndium.referenceV
    case "cell": a.numbers["counter_potential_v"] ?? anode.referenceV
    default: 0
    }
  }
}

extension AnodePotential {
  /// The anode of an `anode_class`; Li-In when not stated.
  public init(class text: String?) {
    self =
      switch text {
      case "Li", "anode_free": .lithium
      case "LTO": .titanate
      case "graphite": .graphite
      case "silicon": .silicon
      default: .lithiumIndium
      }
  }
}
