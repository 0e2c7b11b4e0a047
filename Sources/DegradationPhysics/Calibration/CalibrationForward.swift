internal import NumericalMethods

/// From points z of a `CalibrationSpace` to what would be observed, with unit independent errors.
///
/// Cells that are observed at the same ages run side by side; a cell whose own parameters are the same at several
/// points runs once.
struct CalibrationForward: Sendable {
  let data: CalibrationData
  let space: CalibrationSpace
  /// The observations, whitened.
  let observed: [Double]
  /// Half width of central differences, in prior standard deviations.
  static let step = 0.02

  init(_ data: CalibrationData, _ space: CalibrationSpace) {
    self.data = data
    self.space = space
    observed = data.cells.flatMap { $0.channels.flatMap { $0.whitened($0.values) } }
  }

  /// Responses of each point, on the calling task.
  func responses(_ points: [[Double]]) -> [[Double]] {
    let plan = Plan(self, points)
    let size = Lanes.scalarCount
    let runs = plan.groups.map { group in
      stride(from: 0, to: group.lanes.count, by: size).flatMap { b in
        SulfideAgeing.run(batch: group.lanes[b..<min(b + size, group.lanes.count)], group.request)
      }
    }
    return gather(plan, runs)
  }

  /// Responses of each point, on several tasks; the same numbers.
  func responses(_ points: [[Double]], threads: Int) async throws -> [[Double]] {
    let plan = Plan(self, points)
    var runs: [[AgeingTrajectory]] = []
    for group in plan.groups { runs.append(try await SulfideAgeing.run(group.lanes, group.request, threads: threads)) }
    return gather(plan, runs)
  }

  /// Responses at z, and their derivatives by central differences.
  func jacobian(_ z: [Double], threads: Int) async throws -> (responses: [Double], jacobian: Matrix) {
    var points = [z]
    for j in z.indices {
      for sign in [1.0, -1.0] {
        var p = z
        p[j] += sign * Self.step
        points.append(p)
      }
    }
    let y = try await responses(points, threads: threads)
    var out = Matrix(rows: y[0].count, columns: z.count)
    for j in z.indices {
      for i in y[0].indices { out[i, j] = (y[1 + 2 * j][i] - y[2 + 2 * j][i]) / (2 * Self.step) }
    }
    return (y[0], out)
  }

  private func gather(_ plan: Plan, _ runs: [[AgeingTrajectory]]) -> [[Double]] {
    plan.slots.map { slots in
      data.cells.indices.flatMap { c in
        let run = runs[plan.group[c]][slots[c]]
        return data.cells[c].channels.flatMap { $0.whitened($0.predicted(run)) }
      }
    }
  }

  /// Which simulations are needed.
  private struct Plan {
    var groups: [(request: SimulationRequest, lanes: [SulfideCell])] = []
    /// Group of each cell.
    var group: [Int] = []
    /// Lane of each cell at each point.
    var slots: [[Int]]

    init(_ f: CalibrationForward, _ points: [[Double]]) {
      slots = points.map { _ in [] }
      for (c, observations) in f.data.cells.enumerated() {
        let ages = observations.ages
        var g = groups.firstIndex { $0.request.ages == ages } ?? groups.count
        if g == groups.count {
          var request = SimulationRequest(ages: ages)
          request.cycling = f.data.cycling
          groups.append((request, []))
          g = groups.count - 1
        }
        group.append(g)
        var known: [ParameterSet: Int] = [:]
        for (p, z) in points.enumerated() {
          var cell = observations.cell
          cell.parameters = f.space.parameters(z, cell: c, nominal: observations.cell.parameters)
          if let slot = known[cell.parameters] {
            slots[p].append(slot)
          } else {
            known[cell.parameters] = groups[g].lanes.count
            slots[p].append(groups[g].lanes.count)
            groups[g].lanes.append(cell)
          }
        }
      }
    }
  }
}
