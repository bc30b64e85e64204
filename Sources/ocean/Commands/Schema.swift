import ArgumentParser
import OceanCompiler
import OceanPlan

struct Schema: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of the config, for editors and other programs.")

  @Flag(help: "Print the reference of all settings instead, in Markdown.")
  var reference = false

  @Flag(help: "Print what plan files say instead, in Markdown.")
  var plan = false

  func validate() throws {
    if reference && plan { throw ValidationError("--reference and --plan are two documents: ask for one") }
  }

  func run() throws {
    print(plan ? Plan.reference : reference ? settingsReference() : try jsonSchema(), terminator: "")
  }
}
