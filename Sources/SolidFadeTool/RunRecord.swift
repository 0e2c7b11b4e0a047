import Foundation
import RunDocuments
import SolidFade

/// `run.json`: how an output came to be. The only file of an output with a clock in it.
enum RunRecord {
  static func bytes(command: String, inputs: [String], global: GlobalOptions) -> [UInt8] {
    JSONTree.object([
      "schema": .string("solidfade.run/1"), "command": .string(command), "version": .string(toolVersion),
      "seed": .string(String(global.seed)), "inputs": .array(inputs.map { .string($0) }),
      "arguments": .array(CommandLine.arguments.dropFirst().map { .string($0) }),
      "finished": .string(ISO8601DateFormatter().string(from: Date())),
    ]).serialized(pretty: true)
  }
}
