import ArgumentParser
import OceanCompiler
import OceanPlan

struct Schema: ParsableCommand {
  static let configuration = CommandConfiguration(
    "schema", "Print the JSON Schema of the config, for editors and other programs.",
    exits: [0: "it is printed", 1: "it cannot be written", 2: "wrong usage"],
    example: "ocean schema > ocean.schema.json")

  @Flag(help: "Print the reference of all settings instead, in Markdown.")
  var reference = false

  @Flag(help: "Print what plan files say instead, in Markdown.")
  var plan = false

  @Flag(help: "Print the JSON Schema of test files instead.")
  var tests = false

  @Flag(help: "Print what all commands take and do instead, in Markdown.")
  var cli = false

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    if [reference, plan, tests, cli].count(where: \.self) > 1 {
      throw ValidationError("--reference, --plan, --tests and --cli are documents of their own: ask for one")
    }
  }

  func run() throws {
    print(try document, terminator: "")
  }

  private var document: String {
    get throws {
      if reference { return settingsReference() }
      if plan { return Plan.reference }
      if cli { return CommandReference().text }
      return tests ? try testsJSONSchema() : try jsonSchema()
    }
  }
}
