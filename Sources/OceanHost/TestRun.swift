import OceanAccess
import OceanBase
package import OceanCompiler
package import OceanPlan
package import OceanSyntax

/// The cases of test files, judged by what a config compiles to.
package struct TestRun {
  package let config: CompiledConfig
  /// The texts of the config and of the test files.
  package let sources: SourceSet
  /// The mistakes of the test files. If there are any, no case was judged.
  package let mistakes: [Diagnostic]
  /// The files in the order given; empty if no case was judged.
  package let files: [File]
  /// The rules that no case and no expectation would miss; nil if nobody asked.
  package let coverage: Coverage?

  package struct File {
    package let path: String
    package let results: [Result]
  }

  package struct Result {
    package let test: LoweredTests.Case
    /// What it wants and is not so; empty if it holds.
    package let findings: [CaseFinding]
    /// The place of another case that wants the opposite for one of its clients, if it does not hold.
    package internal(set) var opposite: Provenance.Origin?
    package let seconds: Double
  }

  /// - Parameters:
  ///   - paths: the test files.
  ///   - factsPath: a file with the facts for the config; nil gathers them here.
  /// - Throws: a sentence, if one of the files cannot be read.
  package init(
    _ paths: [String], config path: String, facts factsPath: String? = nil, wantsCoverage: Bool = false
  ) throws(Failure) {
    let compiled = try CompiledConfig(path, for: .planning, factsPath: factsPath)
    config = compiled
    var tests = LoadedTests(for: compiled.loaded)
    for path in paths {
      do {
        try tests.add(path, files: Files.access)
      } catch {
        throw Failure("cannot read \(path.isEmpty ? "''" : path): \(error.reason)")
      }
    }
    var facts = compiled.facts
    for path in tests.listFiles where facts.listFiles[path] == nil {
      facts.listFiles[path] = Facts.listFile(path)
    }
    let lowered = LoweredTests(tests, for: compiled.loaded, facts)
    sources = tests.sources
    // An entry whose end has come is told, and is as if it were not there.
    mistakes = lowered.diagnostics.filter { $0.severity == .error }
    // What broken expectations are about can be tested all the same.
    let judged = compiled.despiteExpectations(for: .planning) ?? compiled
    guard mistakes.isEmpty, let plan = judged.result.plan else {
      files = []
      coverage = nil
      return
    }
    if let item = lowered.notChecked.first { throw Failure("not everything could be read: \(item)") }
    var runner = Runner(plan, judged, isElsewhere: factsPath != nil)
    let results = lowered.files.map { file in file.cases.map { runner.result(of: $0) } }
    let opposites = Opposites(results.joined())
    files = zip(lowered.files, results).map { file, results in
      File(path: file.path, results: results.map { opposites.noting($0) })
    }
    coverage = wantsCoverage ? runner.coverage(of: files.flatMap(\.results)) : nil
  }

  package var results: [Result] { files.flatMap(\.results) }
}

/// Judges one case after the other.
private struct Runner {
  private let plan: Plan
  private let config: CompiledConfig
  private let accounts: Accounts
  private var judge: CaseJudge
  /// The codes that checking the config gives, by time.
  private var codes: [Int64: Set<String>] = [:]

  /// - Parameter isElsewhere: whether the plan is another host's.
  init(_ plan: Plan, _ config: CompiledConfig, isElsewhere: Bool) {
    self.plan = plan
    self.config = config
    let accounts = Accounts(plan, isElsewhere: isElsewhere)
    self.accounts = accounts
    judge = CaseJudge(plan, config.result.provenance, config.result.rules) { accounts.answer($0, $1) }
  }

  mutating func result(of test: LoweredTests.Case) -> TestRun.Result {
    let start = ContinuousClock.now
    var findings: [CaseFinding] = []
    if let access = test.access { findings = judge.findings(of: access) }
    if let codes = test.codes, let finding = finding(codes) { findings.append(finding) }
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return TestRun.Result(
      test: test, findings: findings, opposite: nil, seconds: Double(seconds) + Double(attoseconds) / 1e18)
  }

  private mutating func finding(_ wish: LoweredTests.Codes) -> CaseFinding? {
    let now = wish.at ?? config.facts.now
    let given = codes[now] ?? config.codes(at: now)
    codes[now] = given
    let isSo = wish.codes.isEmpty ? given.isEmpty : wish.codes.allSatisfy(given.contains)
    guard !isSo else { return nil }
    let all = given.sorted().joined(separator: ", ")
    return CaseFinding(
      wanted: wish.codes.isEmpty ? "codes: none" : "codes: \(wish.codes.joined(separator: ", "))",
      found: "at \(Timestamp.text(now)) check gives \(given.isEmpty ? "none" : all)")
  }

  func coverage(of results: [TestRun.Result]) -> Coverage {
    Coverage(
      of: plan, config.result.provenance, config.result.rules, config.result.expectations,
      cases: results.filter(\.findings.isEmpty).compactMap(\.test.access)
    ) { accounts.answer($0, $1) }
  }
}

extension CompiledConfig {
  /// The codes of the diagnostics that checking the config gives at some time, in seconds since 1970.
  fileprivate func codes(at time: Int64) -> Set<String> {
    var facts = facts
    facts.now = time
    return Set(compile(loaded, facts, for: .checking).diagnostics.map(\.code.id))
  }
}

/// The accounts of a plan's services, each looked up once.
private final class Accounts {
  private let plan: Plan
  private let isElsewhere: Bool
  private var directories: [[String]: AccountDirectory] = [:]
  private var known: [Question: AccountAnswer] = [:]

  private struct Question: Hashable {
    let user: String
    let sources: [String]
    let service: String
  }

  init(_ plan: Plan, isElsewhere: Bool) {
    self.plan = plan
    self.isElsewhere = isElsewhere
  }

  func answer(_ user: String, _ service: Plan.Service) -> AccountAnswer {
    guard !isElsewhere else { return .unknown("its accounts are on the host that the facts are from") }
    let question = Question(user: user, sources: service.accounts, service: service.name)
    if let answer = known[question] { return answer }
    let directory = directories[service.accounts] ?? AccountDirectory(of: service, in: plan)
    directories[service.accounts] = directory
    let account = FoundAccount(user, at: service.name, in: directory, time: SystemClock.wall.seconds)
    let template = plan.mail.maildir
    let answer: AccountAnswer =
      account.unread.isEmpty
      ? .found(
        AccountAnswer.Account(
          clients: account.clients, refusal: account.refusal, place: account.place,
          mailbox: { account.answer(in: template) }))
      : .unknown(account.refusal)
    known[question] = answer
    return answer
  }
}

extension FoundAccount {
  fileprivate func answer(in template: MailTemplate) -> AccountAnswer.Mailbox {
    switch mailbox(in: template) {
    case .success((let path, .present)): .present(path)
    case .success((let path, .absent)): .missing(path)
    case .success((let path, let state)): .unknown("\(path) (\(state.note ?? ""))")
    case .failure(let error): .unknown("\(error)")
    }
  }
}
