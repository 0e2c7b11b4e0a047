/// Why a model could not be fitted or read.
public enum LearningError: Error, Hashable, Sendable {
  /// The sizes of the data do not agree: what was found and what was expected.
  case sizes(String)
  /// There is nothing to learn from: no rows, or no row with weight.
  case empty(String)
  /// A value that must be finite is not: what it is, and its row from 0.
  case notFinite(String, row: Int)
  /// A weight is negative or not finite.
  case invalidWeight(Double, row: Int)
  /// An option is outside its range: its name, what was found and what is allowed.
  case invalidOption(String, found: String, allowed: String)
  /// A computation failed on finite data: which, and why.
  case numericalFailure(String)
  /// A stored model breaks a rule of its format: which.
  case corruptModel(String)
  /// A model has a part that the other form cannot hold: which.
  case unsupported(String)
}
