import ArgumentParser
import OceanCompiler

struct Schema: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the JSON Schema of the config, for editors and other programs.")

  @Flag(help: "Print the reference of all settings instead, in Markdown.")
  var reference = false

  func run() throws {
    print(reference ? settingsReference() : try jsonSchema(), terminator: "")
  }
}
