import DesignOptimization
import Foundation

// Usage: OptimiseBenchmark PROBLEM SEED NORMALS.csv   prints hypervolume and seconds;
//        OptimiseBenchmark sobol ROWS SEEDS           prints Sobol indices;
//        OptimiseBenchmark variance SETS.csv          prints variance components;
//        OptimiseBenchmark ask SEEDS                  prints what batches of proposals reach;
//        OptimiseBenchmark accelerated USE HIGHEST    prints low level, share and variance of the best test of a quantile;
//        OptimiseBenchmark arrhenius EV USE TEST      prints the factor between two temperatures [°C];
//        OptimiseBenchmark censored LOGS.csv          prints the scatter of log lives within `low,high`: 5, 50, 95 %.
let arguments = CommandLine.arguments
if arguments.count == 4, arguments[1] == "sobol", let rows = Int(arguments[2]), let seeds = Int(arguments[3]) {
  await Methods.sobol(rows: rows, seeds: seeds)
  exit(0)
}
if arguments.count == 3, arguments[1] == "variance" {
  try Methods.variance(arguments[2])
  exit(0)
}
if arguments.count == 3, arguments[1] == "ask", let seeds = Int(arguments[2]) {
  try await Proposals.run(seeds: seeds)
  exit(0)
}
if arguments.count > 2, let command = Lives(rawValue: arguments[1]) {
  try command.run(Array(arguments.dropFirst(2)))
  exit(0)
}
guard arguments.count == 4, let seed = UInt64(arguments[2]),
  let text = try? String(contentsOfFile: arguments[3], encoding: .utf8)
else {
  fatalError("usage: OptimiseBenchmark PROBLEM SEED NORMALS.csv | sobol ROWS SEEDS | another command named above")
}
let normals = text.split(separator: "\n").map { $0.split(separator: ",").compactMap { Double($0) } }
guard let problem = Problem.named(arguments[1], normals: normals) else { fatalError("no problem \(arguments[1])") }
let start = Date()
var search = EvolutionarySearch(problem.kinds, size: problem.size, seed: seed)
var isPolished = !problem.scoresArchive
while search.evaluations < problem.evaluations {
  // A study ends with small steps from its best; final populations are compared as they are.
  if !isPolished, Double(search.evaluations) >= 0.85 * Double(problem.evaluations) {
    isPolished = true
    search.polish()
  }
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
