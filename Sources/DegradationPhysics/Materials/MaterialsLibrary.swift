/// Materials and remedies to look up by the names that people write.
public struct MaterialsLibrary: Sendable {
  /// The rows, user's own last.
  public private(set) var materials: [Material]
  /// Row of a name or alias, by kind and key.
  private var index: [Name: Int]

  private struct Name: Hashable {
    var kind: MaterialKind
    var key: String
  }

  /// The materials that come with the model.
  public static let standard = MaterialsLibrary(
    Material.cathodes + Material.morphologies + Material.coatings + Material.dopants + Material.synergies
      + Material.electrolytes + Material.electrolyteGrains + Material.anodes)

  /// A library of these rows; a name given twice in a kind means the later row. Rows must be sound, as decoded ones are.
  public init(_ materials: [Material]) {
    self.materials = []
    index = [:]
    for material in materials { add(material) }
  }

  /// This library with a user's own materials.
  ///
  /// A row with the kind and name of an earlier one replaces it, and a name or alias that an earlier row has too now
  /// means the new row.
  public func adding(_ own: [Material]) -> MaterialsLibrary {
    var library = self
    for material in own { library.add(material) }
    return library
  }

  private mutating func add(_ material: Material) {
    precondition(material.fault == nil, "\(material.name): \(String(describing: material.fault))")
    let key = MaterialText.key(material.name)
    var row = materials.count
    if let old = materials.firstIndex(where: { $0.kind == material.kind && MaterialText.key($0.name) == key }) {
      row = old
      index = index.filter { $0.value != old }
      materials[old] = material
    } else {
      materials.append(material)
    }
    for name in [material.name] + material.aliases {
      index[Name(kind: material.kind, key: MaterialText.key(name))] = row
    }
  }

  /// The material that a text names: the longest of the names it holds, or nil.
  public func find(_ text: String, _ kind: MaterialKind) -> Material? {
    mentions(text, [kind]).max { ($0.length, $1.first) < ($1.length, $0.first) }?.material
  }

  /// A material found in a text, with its place.
  struct Mention {
    var material: Material
    /// Letters of the name.
    var length: Int
    /// First word, and the parts between "/" where the name starts and ends.
    var first: Int
    var startPart: Int
    var endPart: Int
  }

  /// Every material that a text names, longest names first claim on words, in the order of the text.
  ///
  /// Names of whole classes count only where nothing else is named.
  func mentions(_ text: String, _ kinds: [MaterialKind]) -> [Mention] {
    let words = MaterialText.words(text)
    var found: [(range: Range<Int>, length: Int, row: Int)] = []
    for start in words.indices {
      var key = ""
      for end in start..<min(words.count, start + 12) {
        key += words[end].text
        guard let row = kinds.lazy.compactMap({ index[Name(kind: $0, key: key)] }).first else { continue }
        found.append((start..<end + 1, key.count, row))
      }
    }
    found.sort { ($1.length, $0.range.lowerBound) < ($0.length, $1.range.lowerBound) }
    var taken: [(range: Range<Int>, length: Int, row: Int)] = []
    for f in found where !taken.contains(where: { $0.range.overlaps(f.range) }) { taken.append(f) }
    if taken.contains(where: { !materials[$0.row].isClass }) { taken.removeAll { materials[$0.row].isClass } }
    taken.sort { $0.range.lowerBound < $1.range.lowerBound }
    return taken.map {
      Mention(
        material: materials[$0.row], length: $0.length, first: $0.range.lowerBound,
        startPart: words[$0.range.lowerBound].part, endPart: words[$0.range.upperBound - 1].part)
    }
  }

  /// The row that stands for a class.
  func classRow(_ name: String, _ kind: MaterialKind) -> Material? {
    materials.first { $0.kind == kind && $0.materialClass == name && $0.isClass }
  }

  /// The row with the most parts that stands for materials named together; nil where none does.
  func combination(of materials: [Material], kind: MaterialKind) -> Material? {
    let names = materials.map(\.name)
    let matching = self.materials.filter { row in
      row.kind == kind && row.combines.count > 1 && row.combines.allSatisfy(names.contains)
    }
    return matching.max { $0.combines.count < $1.combines.count }
  }

  /// Names of a kind nearest to a text.
  func nearest(to text: String, _ kinds: [MaterialKind]) -> [String] {
    MaterialText.nearest(
      to: text, among: materials.filter { kinds.contains($0.kind) }.flatMap { [$0.name] + $0.aliases })
  }
}
