import ArgumentParser
import Glibc
import OceanCompiler
import OceanHost
import OceanPlan
import OceanSyntax

struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What would change from one config, or saved plan, to another? Changes nothing.",
    discussion:
      "Exits with 0 if there is no effect, 1 on errors, 2 if there are changes, 3 if one is of a class of --fail-on."
  )

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case human
    case json
    case sarif
    case github
  }

  @Argument(help: "The config or saved plan before; - for a config from standard input.")
  var old: String

  @Argument(help: "The config or saved plan after, likewise.")
  var new: String

  @Option(
    help: ArgumentHelp("Exit with 3 for changes of these classes, separated by commas.", valueName: "classes")
  )
  var failOn: ClassList?

  @Option(help: "human, json, sarif, or github for annotations of GitHub Actions.")
  var format = Format.human

  @Option(help: ArgumentHelp("Use the facts in this file for configs, not this host's.", valueName: "path"))
  var facts: String?

  func run() throws {
    let diff: PlanDiff
    let loaded: [LoadedPlan]
    do throws(Failure) {
      let (before, after) = (
        try LoadedPlan(asking: old, facts: facts), try LoadedPlan(asking: new, facts: facts)
      )
      loaded = [before, after]
      if facts != nil, before.config == nil, after.config == nil {
        throw Failure("--facts is for configs, and both of these are saved plans")
      }
      diff = PlanDiff(from: before.version, to: after.version).withTLS().withMailboxes()
    } catch {
      printError("ocean: \(error.message)")
      throw ExitCode(1)
    }
    switch format {
    case .human: print(Self.text(of: diff, color: Terminal.hasColor(STDOUT_FILENO)))
    case .json: printBytes(try diff.json())
    case .sarif:
      let (notes, sources) = diff.notes
      print(DiagnosticRenderer.sarif(notes, in: sources, version: Ocean.version), terminator: "")
    case .github:
      let (notes, sources) = diff.notes
      print(DiagnosticRenderer.github(notes, in: sources), terminator: "")
    }
    for plan in loaded { try plan.exitIfBroken(1) }
    try diff.exit(failOn: failOn, classes: diff.classes)
  }

  private static func text(of diff: PlanDiff, color: Bool) -> String {
    let text = DiffText(diff: diff, color: color)
    guard !diff.isEmpty else { return text.summary }
    var lines = diff.hasEffect ? text.changes.joined() + [""] + AccessText(diff: diff).lines : []
    lines += text.expectations(holding: nil) + diff.classText(diff.classes)
    return (lines + ["", text.summary]).joined(separator: "\n")
  }
}

/// `access-widened,sessions-locked-out`
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
    if !isEmpty || classes.contains(.sessionsEnded) { throw ExitCode(2) }
  }
}

extension PlanDiff {
  /// What `--fail-on` would know them by.
  func classText(_ classes: Set<ChangeClass>) -> [String] {
    wrapped(classes.map(\.rawValue).sorted(), after: "classes   ", indent: 10)
  }

  /// The changes in the form of diagnostics, for renderers of those: a note each, under the name of its class.
  fileprivate var notes: ([Diagnostic], SourceSet) {
    var sources = SourceSet()
    var known: [String: SourceID] = [:]
    func span(_ origin: Provenance.Origin?) -> Span? {
      guard let origin else { return nil }
      let source = known[origin.file] ?? sources.add(path: origin.file, bytes: [])
      known[origin.file] = source
      let start = Position(line: Int32(clamping: origin.line), column: Int32(clamping: origin.column))
      return Span(source: source, start: start, end: Position(line: start.line, column: start.column &+ 1))
    }
    var notes = changes.map { change in
      Diagnostic(
        changeClass(of: change).code, text(of: change), at: span(origin(of: change)), help: change.effect)
    }
    for difference in access where difference.relation != .equivalent {
      let place = span(new.provenance.origin(around: "services.\(difference.service).ip_control"))
      for (kind, what, addresses) in [
        (ChangeClass.accessNarrowed, "newly refused", difference.newlyRefused),
        (.accessWidened, "newly allowed", difference.newlyAllowed),
      ] where !addresses.isEmpty {
        notes.append(
          Diagnostic(kind.code, "\(difference.service): \(what): \(addresses.summary)", at: place))
      }
      let listeners = span(new.provenance.origin(around: "services.\(difference.service)"))
      for reach in difference.reachTexts {
        let kind: ChangeClass = reach.isWider ? .accessWidened : .accessNarrowed
        notes.append(Diagnostic(kind.code, "\(difference.service): \(reach.text)", at: listeners))
      }
    }
    for (kind, what, those) in [
      (ChangeClass.expectationRemoved, "no longer expected", expectations?.removed ?? []),
      (.expectationAdded, "newly expected", expectations?.added ?? []),
    ] {
      notes += those.map { Diagnostic(kind.code, "\(what): \($0.text)", at: span($0.span)) }
    }
    return (notes, sources)
  }
}

extension ChangeClass {
  fileprivate var code: DiagnosticCode {
    DiagnosticCode(
      id: rawValue, severity: .note, title: rawValue.replacing("-", with: " "),
      explanation:
        "A change of this class; --fail-on \(rawValue) makes ocean diff and ocean plan exit with 3 for it.")
  }
}
