import ArgumentParser

@main
struct SolidFadeTool: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "solidfade", version: "solidfade 0.1.0")
}
