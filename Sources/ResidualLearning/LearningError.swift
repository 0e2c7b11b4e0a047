/// Why a model could not be fitted.
public enum LearningError: Error, Hashable, Sendable {
  /// The sizes of the data do not agree: what was found and what was expected.
  case sizes(String)
  /// A value that must be finite is not: what it is, and its row from 0.
  case notFinite(String, row: Int)
  /// A computation failed on finite data: which, and why.
  case numericalFailure(String)
}
