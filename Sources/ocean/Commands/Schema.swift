import ArgumentParser
import Glibc
import OceanBase
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

  @Flag(help: "Print what all commands take and do instead, in Markdown.")
  var cli = false

  @Option(
    help: ArgumentHelp(
      "Write the pages of the manual instead, below this directory: man1, man5 and man7.", valueName: "dir"),
    completion: .directory)
  var man: String?

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    if [reference, plan, tests, cli, man != nil].count(where: \.self) > 1 {
      throw ValidationError(
        "--reference, --plan, --tests, --cli and --man are documents of their own: ask for one")
    }
  }

  func run() throws {
    if let man { return try ControlOptions.run { try Self.writeManual(below: man) } }
    print(try document, terminator: "")
  }

  /// The pages replace those of another version.
  private static func writeManual(below directory: String) throws(Failure) {
    let edition = ManualPage.Edition(date: ServerProgram.ownDate, version: Ocean.version)
    let pages =
      CommandManual(edition).pages + [
        ReferenceManual.settings(edition, path: Files.standardConfig), ReferenceManual.codes(edition),
      ]
    for folder in [directory] + Set(pages.map { "\(directory)/man\($0.section)" }).sorted() {
      guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
        throw Failure("cannot make the directory \(folder): \(errorText(errno))")
      }
    }
    try PublishedFiles.publish(
      pages.map { page in
        PublishedFiles.File(
          path: "\(directory)/\(page.path)", contents: SecretBytes(copying: Array(page.text.utf8)),
          mode: 0o644)
      }, replacing: true)
  }

  private var document: String {
    get throws {
      if reference { return SettingsReference.markdown }
      if plan { return Plan.reference }
      if cli { return CommandReference().text }
      return tests ? try testsJSONSchema() : try jsonSchema()
    }
  }
}
