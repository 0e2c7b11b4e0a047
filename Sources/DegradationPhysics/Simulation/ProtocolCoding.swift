// A protocol as JSON, in file units:
//
//     { "formation": { "cycles": 3, "discharge_c_rate": 0.05, "charge_c_rate": 0.05 },
//       "blocks": [ { "cycles": 100, "discharge_c_rate": 1, "upper_cutoff_v": 4.3 },
//                   { "check_up": { "discharge_c_rate": 0.05 } },
//                   { "rest_h": 100, "potential_v": 4.2, "temperature_celsius": 45 },
//                   { "press_mpa": 100, "recovery": 0.5 }, { "rate_test": [0.1, 0.5, 1] }, { "moisture": 0.2 } ] }
//
// Cut-offs are against Li.

private let celsiusZeroK = 273.15

private enum Key: String, CodingKey, CaseIterable {
  case formation, blocks, cycles, moisture, recovery
  case checkUp = "check_up"
  case rateTest = "rate_test"
  case restH = "rest_h"
  case potentialV = "potential_v"
  case temperature = "temperature_celsius"
  case press = "press_mpa"
  case charge = "charge_c_rate"
  case discharge = "discharge_c_rate"
  case upper = "upper_cutoff_v"
  case lower = "lower_cutoff_v"
  case endShare = "charge_end_share"
  case restS = "rest_s"

  static let conditions: Set<Key> = [.charge, .discharge, .upper, .lower, .temperature, .endShare, .restS]
}

/// Any key, to see those that nobody reads.
private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

/// Refuses keys that do not belong where they stand.
private func check(_ decoder: any Decoder, _ allowed: Set<Key>) throws {
  let object = try decoder.container(keyedBy: AnyKey.self)
  for key in object.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
    guard let known = Key(rawValue: key.stringValue), allowed.contains(known) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: object,
        debugDescription:
          "unknown key \"\(key.stringValue)\"; allowed here: \(allowed.map(\.rawValue).sorted().joined(separator: ", "))"
      )
    }
  }
}

extension CycleConditions: Decodable {
  /// Reads conditions in file units; what is absent is the design's own.
  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    func number(_ key: Key) throws -> Double? { try object.decodeIfPresent(Double.self, forKey: key) }
    self.init(
      chargeCRate: try number(.charge), dischargeCRate: try number(.discharge), upperCutoffV: try number(.upper),
      lowerCutoffV: try number(.lower), temperatureK: try number(.temperature).map { $0 + celsiusZeroK },
      chargeEndShare: try number(.endShare), restS: try number(.restS))
  }
}

extension CyclingProtocol.Cycles: Decodable {
  /// Reads `cycles` and their conditions.
  public init(from decoder: any Decoder) throws {
    try check(decoder, Key.conditions.union([.cycles]))
    let object = try decoder.container(keyedBy: Key.self)
    self.init(try object.decode(Int.self, forKey: .cycles), try CycleConditions(from: decoder))
  }
}

extension CyclingProtocol.Block: Decodable {
  /// Reads a block; the key that names its kind is `cycles`, `check_up`, `rest_h`, `press_mpa`, `recovery`,
  /// `rate_test` or `moisture`.
  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    if object.contains(.cycles) {
      self = .cycles(try CyclingProtocol.Cycles(from: decoder))
    } else if object.contains(.checkUp) {
      try check(decoder, [.checkUp])
      try check(object.superDecoder(forKey: .checkUp), Key.conditions)
      self = .checkUp(try object.decode(CycleConditions.self, forKey: .checkUp))
    } else if object.contains(.restH) {
      try check(decoder, [.restH, .potentialV, .temperature])
      self = .rest(
        CyclingProtocol.Rest(
          durationS: try object.decode(Double.self, forKey: .restH) * 3600,
          potentialV: try object.decodeIfPresent(Double.self, forKey: .potentialV),
          temperatureK: try object.decodeIfPresent(Double.self, forKey: .temperature).map { $0 + celsiusZeroK }))
    } else if object.contains(.press) || object.contains(.recovery) {
      try check(decoder, [.press, .recovery])
      self = .press(
        CyclingProtocol.Press(
          pressurePa: try object.decodeIfPresent(Double.self, forKey: .press).map { $0 * 1e6 },
          recovery: try object.decodeIfPresent(Double.self, forKey: .recovery) ?? 0))
    } else if object.contains(.rateTest) {
      try check(decoder, [.rateTest])
      self = .rateTest(rates: try object.decode([Double].self, forKey: .rateTest))
    } else if object.contains(.moisture) {
      try check(decoder, [.moisture])
      self = .moisture(dose: try object.decode(Double.self, forKey: .moisture))
    } else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath,
          debugDescription: "a block needs one of cycles, check_up, rest_h, press_mpa, recovery, rate_test, moisture"))
    }
  }
}

extension CyclingProtocol: Decodable {
  /// Reads a protocol and checks it.
  ///
  /// - Throws: `DecodingError` naming the block, the field, what was found and what is allowed.
  public init(from decoder: any Decoder) throws {
    try check(decoder, [.formation, .blocks])
    let object = try decoder.container(keyedBy: Key.self)
    self.init(
      try object.decode([Block].self, forKey: .blocks),
      formation: try object.decodeIfPresent(Cycles.self, forKey: .formation))
    do { try validate() } catch {
      let block = error.block == 0 ? "formation" : "block \(error.block)"
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath,
          debugDescription: "\(block): \(error.field) is \(error.found), expected \(error.allowed)"))
    }
  }
}
