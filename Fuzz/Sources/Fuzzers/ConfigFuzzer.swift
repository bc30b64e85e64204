import FoundationEssentials
import Glibc
import OceanCompiler
import OceanAddresses
import OceanPlan
import OceanSyntax

/// The way from config files to a plan and to the diagnostics about them.
///
/// Further files follow the first, each behind a line `#file: NAME`.
@_cdecl("fuzz_config")
func fuzzConfig(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let parts = bytes.split(separator: Array("\n#file: ".utf8), omittingEmptySubsequences: false)
  let main = Array(parts.first ?? [])
  var files: [String: [UInt8]] = [:]
  for part in parts.dropFirst() {
    let name = part.prefix { $0 != UInt8(ascii: "\n") }
    files[folder + String(decoding: name, as: UTF8.self)] = Array(part[name.endIndex...])
  }

  guard let plan = compile(main, files), !main.starts(with: [0xEF, 0xBB, 0xBF]) else { return 0 }
  precondition(compile(Array("# A comment\n".utf8) + main, files) == plan, "a comment changed the plan")
  return 0
}

private let folder = "/etc/ocean/"

private func compile(_ main: [UInt8], _ files: [String: [UInt8]]) -> Plan? {
  var files = files
  let path = folder + "ocean.yaml"
  files[path] = main
  let access = FileAccess { [files] path throws(FileAccess.ReadError) in
    guard let bytes = files[path] else { throw .missing }
    return bytes
  } matches: { [files] pattern in
    files.keys.filter { fnmatch(pattern, $0, FNM_PATHNAME) == 0 }.sorted()
  } directory: { path in
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "/"
  }
  guard let loaded = try? loadConfig(path, files: access) else {
    preconditionFailure("the main file is there")
  }
  let result = compile(loaded, Facts(answering: loaded.config.factRequest))

  check(result.diagnostics + result.acknowledged.map(\.diagnostic), in: loaded.sources, files)
  precondition((result.plan == nil) == result.diagnostics.contains { $0.severity == .error })
  guard let plan = result.plan else { return nil }
  guard
    let file = try? PlanFile(
      plan: plan, inputs: result.inputs, provenance: result.provenance, rules: result.rules)
  else {
    preconditionFailure("a plan that cannot be written")
  }
  check(file)
  let paths =
    [plan.server.state] + [plan.log.access].compactMap(\.self) + plan.accounts.compactMap(\.passwdFile)
  for path in paths {
    precondition(path.utf8.first == UInt8(ascii: "/") && !path.utf8.contains(0), "no path for the system")
  }
  return plan
}

extension Facts {
  /// A world in which the first letters of a name decide about its answer.
  fileprivate init(answering request: FactRequest) {
    func answers<Answer>(_ names: Set<String>, _ answer: (String) -> Answer) -> [String: Answer] {
      Dictionary(uniqueKeysWithValues: names.map { ($0, answer($0)) })
    }
    func begins(_ path: String, _ word: String) -> Bool {
      path.hasPrefix("/" + word) || path.hasPrefix(folder + word)
    }
    let local = [IPAddress(v4: 0x7F00_0001), IPAddress(v4: 0xC000_020A), IPAddress(v6: 1)]
    self.init(
      hostname: "mail.example.org", isRoot: true, hasIPv6: true, localAddresses: local,
      hosts: answers(request.hosts) { name in
        switch name.first {
        case "a": .addresses([])
        case "b": .failed("no such host")
        case "c": .notAsked
        case "d": .addresses([IPAddress(v4: 0xC633_6401)])
        default: .addresses([IPAddress(v4: 0xC000_020A), IPAddress(v6: 1)])
        }
      },
      users: answers(request.users) { $0 == "root" ? .isRoot : $0.hasPrefix("no") ? .missing : .exists },
      directories: answers(request.directories) { path in
        begins(path, "no")
          ? .missing : begins(path, "f") ? .notADirectory : begins(path, "x") ? .notPermitted : .exists
      },
      accountFiles: answers(request.accountFiles) { path in
        if begins(path, "no") { return .missing }
        if begins(path, "f") { return .unreadable("it is not a regular file") }
        if begins(path, "x") { return .notPermitted }
        let flawed = begins(path, "w")
        return .read(
          AccountSummary(
            active: begins(path, "e") ? 0 : 2, disabled: 1, homeless: flawed ? 1 : 0,
            domainless: flawed ? 2 : 0,
            issues: flawed ? [.init(line: 3, message: "the password is empty")] : []))
      })
  }
}

// MARK: - Diagnostics

/// Checks that every place is in its text; both forms are well-formed and harmless to a terminal.
private func check(_ diagnostics: [Diagnostic], in sources: SourceSet, _ files: [String: [UInt8]]) {
  for span in diagnostics.flatMap({ [$0.span].compactMap(\.self) + $0.related.map(\.span) }) {
    precondition(span.start.line >= 1 && span.start.column >= 1 && span.start <= span.end)
    guard let bytes = files[sources.path(span.source)], String(validating: bytes, as: UTF8.self) != nil else {
      continue
    }
    for position in [span.start, span.end] {
      precondition(Int(position.line) <= 1 + bytes.count { $0 == 10 || $0 == 13 })
      let line = sources.line(span.source, Int(position.line))
      precondition(Int(position.column) <= line.unicodeScalars.count + 1, "a column beyond its line")
    }
  }

  let human = DiagnosticRenderer.human(diagnostics, in: sources)
  for scalar in human.unicodeScalars {
    switch scalar.value {
    case 0x0A: break
    case ..<0x20, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
      preconditionFailure("printed raw: U+\(String(scalar.value, radix: 16))")
    default: break
    }
  }
  _ = DiagnosticRenderer.human(diagnostics, in: sources, on: Screen(hasColor: true))

  let json = DiagnosticRenderer.json(diagnostics, in: sources)
  guard let report = try? JSONDecoder().decode(Report.self, from: Data(json.utf8)) else {
    preconditionFailure("no JSON: \(json)")
  }
  precondition(report.valid == (report.error_count == 0))
  precondition(report.diagnostics.map(\.message) == diagnostics.map(\.message))
}

/// The fields that programs rely on.
private struct Report: Decodable {
  struct Diagnostic: Decodable {
    struct Span: Decodable { var file: String, line: Int, column: Int, end_line: Int, end_column: Int }
    struct Related: Decodable { var message: String, span: Span }
    var severity: String, code: String, message: String, span: Span?, related: [Related]
  }
  var format_version: Int, valid: Bool, error_count: Int, diagnostics: [Diagnostic]
}
