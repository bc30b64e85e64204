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

  @Flag(help: "Print the JSON Schema of test files instead.")
  var tests = false

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    if [reference, plan, tests].count(where: \.self) > 1 {
      throw ValidationError("--reference, --plan and --tests are documents of their own: ask for one")
    }
  }

  func run() throws {
    print(
      plan
        ? Plan.reference
        : reference ? settingsReference() : tests ? try testsJSONSchema() : try jsonSchema(), terminator: "")
  }
}
