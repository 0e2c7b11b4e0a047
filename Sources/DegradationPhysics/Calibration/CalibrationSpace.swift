/// The uncertain parameters of one recipe and its cells as one vector z ~ N(0, I).
///
/// First the parameters that all cells share, in units of their spread between recipes; then, cell after cell, the
/// deviations of that cell in units of the spread from cell to cell. Both add up on the scale of the parameter.
struct CalibrationSpace: Sendable, Hashable {
  /// Parameters shared by the recipe.
  let recipe: [Parameter]
  /// Parameters in which cells differ.
  let cell: [Parameter]
  /// Number of cells.
  let cells: Int

  /// The space of cells with these nominal parameters.
  ///
  /// A parameter on a logarithmic scale that is zero throughout stays zero and is left out.
  init(_ nominal: [ParameterSet], stated: Set<Parameter>) {
    func isActive(_ p: Parameter) -> Bool { p.row.scale == .linear || nominal.contains { $0[p] != 0 } }
    recipe = Parameter.allCases.filter { $0.row.recipeSpread > 0 && !stated.contains($0) && isActive($0) }
    cell = Parameter.allCases.filter { $0.row.cellSpread > 0 && isActive($0) }
    cells = nominal.count
  }

  /// The space of one cell with these uncertain parameters.
  init(recipe: [Parameter], cell: [Parameter]) {
    self.recipe = recipe
    self.cell = cell
    cells = 1
  }

  init(_ data: CalibrationData) { self.init(data.cells.map(\.cell.parameters), stated: data.stated) }

  /// Length of z.
  var count: Int { recipe.count + cells * cell.count }

  /// The parameter of each element.
  func parameter(_ i: Int) -> Parameter { i < recipe.count ? recipe[i] : cell[(i - recipe.count) % cell.count] }

  /// The parameters of cell `k` with nominal values `nominal` at z.
  func parameters(_ z: [Double], cell k: Int, nominal: ParameterSet) -> ParameterSet {
    let own = recipe.count + k * cell.count
    return nominal.shifted(recipe, z[0..<recipe.count], cell, z[own..<(own + cell.count)])
  }
}

extension ParameterSet {
  /// Moved by a recipe's and a cell's deviations, both in units of their prior spreads.
  func shifted(
    _ recipe: [Parameter], _ recipeZ: ArraySlice<Double>, _ cell: [Parameter], _ cellZ: ArraySlice<Double>
  ) -> ParameterSet {
    var out = self
    for (p, z) in zip(recipe, recipeZ) { out.shift(p, by: z * p.row.recipeSpread) }
    for (p, z) in zip(cell, cellZ) { out.shift(p, by: z * p.row.cellSpread) }
    return out
  }
}
