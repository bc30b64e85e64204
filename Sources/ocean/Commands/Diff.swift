import ArgumentParser
import Glibc
import OceanCompiler
import OceanPlan

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What would change from one config, or saved plan, to another? Changes nothing.",
    discussion:
      "Exits with 0 if there is no effect, 1 on errors, 2 if there are changes, 3 if one is of a class of --fail-on."
  )

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
  }

  @Argument(help: "The config or saved plan before.")
  var old: String

  @Argument(help: "The config or saved plan after.")
  var new: String

  @Option(
    help: ArgumentHelp("Exit with 3 for changes of these classes, separated by commas.", valueName: "classes")
  )
  var failOn: ClassList?

  @Option(help: "human or json.")
  var format = Format.human

  func run() throws {
    let diff: PlanDiff
    do throws(CommandError) {
      let (before, after) = (try LoadedPlan(old), try LoadedPlan(new))
      diff = PlanDiff(from: before.version, to: after.version)
    } catch {
      printError("ocean: \(error.message)")
      throw ExitCode(1)
    }
    switch format {
    case .human: print(Self.text(of: diff, color: Terminal.hasColor(STDOUT_FILENO)))
    case .json: printBytes(try diff.json())
    }
    try diff.exit(failOn: failOn, classes: diff.classes)
  }

  private static func text(of diff: PlanDiff, color: Bool) -> String {
    guard diff.hasEffect else { return "no effect" }
    let text = DiffText(diff: diff, color: color)
    let changes = text.changes
    return (changes.joined() + [""] + text.access + ["", counted(changes.count, "change")])
      .joined(separator: "\n")
  }
}

/// `access-widened,sessions-ended`
struct ClassList: ExpressibleByArgument {
  let classes: Set<ChangeClass>

  init?(argument: String) {
    let names = argument.split(separator: ",").map(String.init)
    let classes = names.compactMap(ChangeClass.init(rawValue:))
    guard !names.isEmpty, classes.count == names.count else { return nil }
    self.classes = Set(classes)
  }

  static var allValueStrings: [String] { ChangeClass.allCases.map(\.rawValue) }
}

extension PlanDiff {
  /// Ends the command as `diff` and `plan` do: returns if there is no effect.
  func exit(failOn: ClassList?, classes: Set<ChangeClass>) throws {
    if let failOn, !failOn.classes.isDisjoint(with: classes) { throw ExitCode(3) }
    if hasEffect { throw ExitCode(2) }
  }
}
