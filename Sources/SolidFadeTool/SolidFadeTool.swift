import ArgumentParser
import RunDocuments
import SolidFade

/// `solidfade`: lifetime prediction for solid-state cells.
@main
struct SolidFadeTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solidfade",
    abstract: "How long will a cell live, how sure is that, and why does it fade?",
    discussion: """
      Two commands from own data to a forecast:
        solidfade train DATA -o m.solidfade
        solidfade predict NEW -m m.solidfade -o forecast
      """,
    version: "solidfade \(toolVersion)",
    subcommands: [
      Train.self, Predict.self, Evaluate.self, CrossValidate.self, Skill.self, Simulate.self, Check.self, Import.self,
      Columns.self, Optimize.self, VariabilityCommand.self, PlanCommand.self, NotebookCommand.self,
      Report.self,
      ModelCommand.self, Validate.self,
    ])

  static func main() async {
    endBLASWorkers()
    await main(nil)
  }
}
