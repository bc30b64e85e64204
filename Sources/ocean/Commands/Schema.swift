import ArgumentParser
import OceanCommandLine
import OceanCompiler
import OceanControlAPI
import OceanHost
import OceanPlan
import OceanReport

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

  @Flag(help: "Print the JSON Schema of fleet files instead.")
  var fleet = false

  @Flag(help: "Print what all commands take and do instead, in Markdown.")
  var cli = false

  @Option(
    help: ArgumentHelp(
      "Write the pages of the manual instead, below this directory: man1, man5 and man7.", valueName: "dir"),
    completion: .directory)
  var man: String?

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    if [reference, plan, tests, fleet, cli, man != nil].count(where: \.self) > 1 {
      throw ValidationError(
        "--reference, --plan, --tests, --fleet, --cli and --man are documents of their own: ask for one")
    }
  }

  func run() throws {
    if let man { return try reporting { try ManualPage.publish(pages, below: man) } }
    print(try document, terminator: "")
  }

  private var pages: [ManualPage] {
    let edition = ManualPage.Edition(date: ServerProgram.ownDate, version: Ocean.version)
    return CommandManual(Ocean.tree, edition).pages + [
      ReferenceManual.settings(edition, path: Files.standardConfig), ReferenceManual.codes(edition),
    ]
  }

  private var document: String {
    get throws {
      if reference { return SettingsReference.markdown }
      if plan { return Plan.reference }
      if cli { return Ocean.tree.reference }
      if fleet { return try fleetJSONSchema() }
      return tests ? try testsJSONSchema() : try jsonSchema()
    }
  }
}
