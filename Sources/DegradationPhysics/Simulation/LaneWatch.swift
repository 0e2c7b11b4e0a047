internal import CellModel
internal import NumericalMethods

/// Looks at eight cells after every step: how each of them ends, and whether its numbers are still numbers.
struct LaneWatch {
  /// Product of contact and percolation below which a cathode has fallen apart, and contact left by voids below which
  /// an anode has (assumed).
  static let contactLimit = 0.15

  private let request: SimulationRequest
  private let lanes: Int
  private let shortThreshold: Lanes
  private var previousAge: Double?
  private(set) var lives: [Double?]
  private(set) var failures: [[FailureEvent]]
  private(set) var faults: [SimulationFault?]
  private var isClosed: [Bool]
  private var before = Values()

  /// What is compared with limits; a mode's event is the fall of its value through 0.
  private struct Values {
    var capacity = Lanes()
    var energy = Lanes()
    var resistance = Lanes()
    var contact = Lanes()
    var short = Lanes()
  }

  init(_ cells: ArraySlice<SulfideCell>, _ request: SimulationRequest) {
    self.request = request
    lanes = cells.count
    var threshold = Lanes(repeating: .infinity)
    for (l, cell) in cells.enumerated() { threshold[l] = cell.shortThreshold }
    shortThreshold = threshold
    lives = Array(repeating: nil, count: lanes)
    failures = cells.map { $0.isRejectedAtAssembly ? [FailureEvent(mode: .assembly, age: 0)] : [] }
    faults = Array(repeating: nil, count: lanes)
    isClosed = Array(repeating: false, count: lanes)
  }

  /// Whether every cell has reached the end of its life, or failed in its numerics.
  var allEnded: Bool { lives.indices.allSatisfy { lives[$0] != nil || faults[$0] != nil } }
  /// Whether no cell can go on.
  var allDead: Bool { faults.allSatisfy { $0 != nil } }

  /// Whether a cell is still watched and reported.
  func isOpen(_ l: Int) -> Bool { faults[l] == nil && !isClosed[l] }

  /// Lets go of the cells whose life has ended, once nothing more is asked of them: what happens while their company
  /// goes on must not show.
  mutating func closeEnded() {
    for l in 0..<lanes where lives[l] != nil { isClosed[l] = true }
  }

  /// Marks cells whose numbers are no longer numbers.
  mutating func check(at age: Double, _ s: LaneState, _ e: LaneElectrode, capacity q: Lanes) {
    let probe = q + e.resistance + s.probe
    for l in 0..<lanes where isOpen(l) && !probe[l].isFinite {
      faults[l] = SimulationFault(age: age, state: s.faulty(l) ?? "capacity")
    }
  }

  /// Notes every limit passed since the last look.
  mutating func look(
    at age: Double, _ s: LaneState, _ c: LaneCell, _ e: LaneElectrode, _ ends: EndPoints, capacity q: Lanes,
    energy: Lanes, reference r: LaneBlock, _ views: PotentialViews
  ) {
    var now = Values()
    let least = LaneMath.max(r.capacity, Lanes(repeating: 1e-12))
    now.capacity = q / least - request.limit
    if let limit = request.energyLimit {
      now.energy = energy / LaneMath.max(r.energy, Lanes(repeating: 1e-12)) - limit
    }
    if let factor = request.resistanceFactor { now.resistance = factor - e.resistance / r.resistance }
    now.contact = (LaneMath.min(e.contact * e.percolated, 1 - s.void) - Self.contactLimit).replacing(
      with: -1, where: q .<= 0)
    now.short = shortThreshold - s.hazard
    for l in 0..<lanes where isOpen(l) {
      if lives[l] == nil, let at = crossing(before.capacity[l], now.capacity[l], age) {
        lives[l] = at
        failures[l].append(
          FailureEvent(mode: e.isAnodeLimited(c, ends, views)[l] ? .inventory : .capacity, age: at))
      }
      note(l, .contact, before.contact[l], now.contact[l], age)
      note(l, .short, before.short[l], now.short[l], age)
      if request.energyLimit != nil { note(l, .energy, before.energy[l], now.energy[l], age) }
      if request.resistanceFactor != nil { note(l, .resistance, before.resistance[l], now.resistance[l], age) }
    }
    before = now
    previousAge = age
  }

  private mutating func note(_ l: Int, _ mode: FailureMode, _ old: Double, _ new: Double, _ age: Double) {
    guard new <= 0, let at = crossing(old, new, age), !failures[l].contains(where: { $0.mode == mode }) else { return }
    failures[l].append(FailureEvent(mode: mode, age: at))
  }

  /// Age at which a value falls to 0, straight between steps; nil when it has not, or had before.
  private func crossing(_ old: Double, _ new: Double, _ age: Double) -> Double? {
    guard new <= 0 else { return nil }
    guard let previousAge else { return age }
    guard old > 0 else { return nil }
    return previousAge + (age - previousAge) * old / max(old - new, 1e-300)
  }
}
