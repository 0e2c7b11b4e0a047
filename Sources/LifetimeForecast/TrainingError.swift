/// What keeps a model from being trained.
public enum TrainingError: Error, Hashable, Sendable {
  /// Too few cells can teach a forecast from this age.
  case tooFewCells(found: Int, needed: Int, early: CutOff)
  /// The datasets count age in different units.
  case mixedAges([String])
  /// A model kind that does not exist.
  case unknownKind(String, allowed: [String])
  /// A grouping column that does not exist.
  case unknownGrouping(String, allowed: [String])
}
