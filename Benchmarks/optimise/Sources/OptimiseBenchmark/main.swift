import DesignOptimization
import Foundation

// Usage: OptimiseBenchmark PROBLEM SEED NORMALS.csv; prints hypervolume and seconds.
let arguments = CommandLine.arguments
guard arguments.count == 4, let seed = UInt64(arguments[2]),
  let text = try? String(contentsOfFile: arguments[3], encoding: .utf8)
else { fatalError("usage: OptimiseBenchmark PROBLEM SEED NORMALS.csv") }
let normals = text.split(separator: "\n").map { $0.split(separator: ",").compactMap { Double($0) } }
guard let problem = Problem.named(arguments[1], normals: normals) else { fatalError("no problem \(arguments[1])") }
let start = Date()
var search = EvolutionarySearch(problem.kinds, size: problem.size, seed: seed)
while search.evaluations < problem.evaluations {
  let points = search.ask().prefix(problem.evaluations - search.evaluations)
  search.tell(
    points.map { x in
      let (f, g) = problem.body(x)
      return Evaluated(genes: x, objectives: f, violations: g.map { max($0, 0) })
    })
}
let seconds = Date().timeIntervalSince(start)
let scored = problem.scoresArchive ? search.archive : search.population.filter(\.isFeasible)
print(ParetoFront.hypervolume(scored.map(\.objectives), reference: problem.reference), seconds)
