public import CellModel

/// What a model is made of.
public enum ModelKind: Sendable, Hashable, Codable {
  /// Physics law and learners, stacked.
  case hybrid
  /// The physics law alone.
  case physics
  /// The learners alone.
  case ml
  /// One of the simple rivals, by name: mean, sqrt, power, variance, last.
  case baseline(String)

  /// Names of the baselines.
  public static let baselineNames = ["mean", "sqrt", "power", "variance", "last"]

  /// Reads `hybrid`, `physics`, `ml` or `baseline:NAME`.
  ///
  /// - Throws: `TrainingError.unknownKind`.
  public init(_ text: String) throws(TrainingError) {
    switch text {
    case "hybrid": self = .hybrid
    case "physics": self = .physics
    case "ml": self = .ml
    default:
      let name = text.hasPrefix("baseline:") ? String(text.dropFirst(9)) : ""
      guard Self.baselineNames.contains(name) else {
        throw .unknownKind(text, allowed: ["hybrid", "physics", "ml"] + Self.baselineNames.map { "baseline:" + $0 })
      }
      self = .baseline(name)
    }
  }

  /// The spelling that `init` reads.
  public var name: String {
    switch self {
    case .hybrid: "hybrid"
    case .physics: "physics"
    case .ml: "ml"
    case .baseline(let name): "baseline:" + name
    }
  }

  /// The variants of the stack that are fitted.
  var variants: [ModelVariant] {
    switch self {
    case .hybrid: [.hybrid, .physics, .ml, .ridge, .boosting]
    case .physics: [.physics]
    case .ml: [.ml]
    case .baseline: []
    }
  }
}

/// Choices of a training run.
public struct TrainerOptions: Sendable, Hashable {
  /// Model kind.
  public var kind = ModelKind.hybrid
  /// Cut-offs the model learns from; 0 is design alone.
  public var early: [CutOff] = [0, 20, 50, 100]
  /// Folds of the out-of-fold predictions.
  public var folds = 10
  /// Column whose values are held out together: `auto`, `cell_id`, `group_id`, `batch_id` or `lab_id`.
  public var groupBy = "auto"
  /// The only source of chance.
  public var seed: UInt64 = 1
  /// Tasks at a time; never changes a result.
  public var threads = 1
  /// Patterns (with `*`) of further columns of `cells.csv` to learn from.
  public var useColumns: [String] = []
  /// Limit of life, instead of each dataset's own.
  public var endOfLife: EndOfLife?
  /// Limit fraction alone, keeping each dataset's reference.
  public var endFraction: Double?
  /// Reference alone, keeping each dataset's fraction.
  public var reference: CapacityReference?

  /// The defaults.
  public init() {}

  /// The limit that applies to a dataset.
  public func limit(for description: DatasetDescription) -> EndOfLife {
    if let endOfLife { return endOfLife }
    return EndOfLife(
      fraction: endFraction ?? description.endOfLife.fraction, reference: reference ?? description.endOfLife.reference)
  }
}

/// A step of a long computation.
public struct ProgressEvent: Sendable, Hashable {
  /// What is being done.
  public var stage: String
  /// Steps done.
  public var done: Int
  /// Steps in all.
  public var total: Int

  /// An event from its parts.
  public init(stage: String, done: Int, total: Int) {
    self.stage = stage
    self.done = done
    self.total = total
  }
}
