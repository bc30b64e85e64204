import OceanAddresses
package import OceanPlan
package import OceanSyntax

/// The cases of test files, with the config's address lists in the place of their names.
package struct LoweredTests: Sendable {
  package let files: [File]
  /// All mistakes of the test files, sorted by place.
  package let diagnostics: [Diagnostic]
  /// What could not be read.
  package let notChecked: [String]

  package struct File: Sendable {
    package let path: String
    package let cases: [Case]
  }

  package struct Case: Sendable {
    package let name: String
    package let place: Provenance.Origin
    /// Nil if the case is about diagnostics alone.
    package let access: AccessCase?
    package let codes: Codes?
  }

  /// The diagnostics that checking the config must give.
  package struct Codes: Sendable, Hashable {
    /// Empty: it must give none.
    package let codes: [String]
    /// Seconds since 1970; nil means now.
    package let at: Int64?
  }

  package init(_ tests: LoadedTests, for config: LoadedConfig, _ facts: Facts) {
    let beside = LoadedConfig(
      sources: tests.sources, config: config.config, isComplete: config.isComplete, diagnostics: [],
      inputs: config.inputs, hasPatterns: config.hasPatterns)
    var lowering = Lowering(beside, facts: facts, purpose: .planning, overriding: [])
    var known: [String: AddressSet] = [:]
    files = tests.files.map { file in
      File(path: file.path, cases: file.cases.compactMap { lowering.lower($0, &known) })
    }
    diagnostics = (tests.diagnostics + lowering.diagnostics).sorted()
    notChecked = lowering.notChecked
  }
}

extension Lowering {
  /// - Parameter known: the addresses of the texts that name lists, which may be long.
  fileprivate mutating func lower(
    _ given: Located<TestFile.Case>, _ known: inout [String: AddressSet]
  ) -> LoweredTests.Case? {
    let test = given.value
    guard let want = test.want, test.mistaken.isEmpty, want.value.mistaken.isEmpty else { return nil }
    let said = complaints
    check(test, want)
    var from = AddressSet()
    if let entries = test.from?.value { from = addresses(entries, &known) }
    guard complaints == said else { return nil }
    let codes = want.value.codes.map { LoweredTests.Codes(codes: $0.value.map(\.value), at: test.at?.value) }
    let access = test.from.map { _ in test.access(want.value, from: from) }
    let name = test.name?.value ?? access?.text ?? "codes"
    return LoweredTests.Case(
      name: name, place: origin(of: test.name?.span ?? given.span), access: access, codes: codes)
  }

  private mutating func addresses(_ entries: AddressEntries, _ known: inout [String: AddressSet])
    -> AddressSet
  {
    let words = entries.map { entry -> String in
      switch entry.value {
      case .pattern(_, let text, let until): until.map { "\(text)\n\($0)" } ?? text
      case .list(let text): text
      case .file(let file): file.path + "\n"
      case .mistaken: ""
      }
    }
    let isShort = entries.allSatisfy { if case .pattern = $0.value { true } else { false } }
    let key = words.joined(separator: ";")
    if !isShort, let addresses = known[key] { return addresses }
    let lowered = resolve(entries)
    if !isShort, lowered.isKnown { known[key] = lowered.addresses }
    return lowered.addresses
  }

  // MARK: - Contradictions

  /// Reports what cannot be so, and what nothing in the case asks for.
  private mutating func check(_ test: TestFile.Case, _ want: Located<TestFile.Want>) {
    let wishes = want.value
    guard wishes.isAboutClients || wishes.codes != nil else {
      report(.emptyCase, want.span, "a case that wants nothing", help: "for example want: { verdict: allow }")
      return
    }
    if wishes.isAboutClients, test.from == nil {
      report(
        .missingSetting, want.key ?? want.span, "a case about clients needs 'from'",
        help: "for example from: 203.0.113.9")
    }
    if wishes.mailbox != nil, test.user == nil {
      report(
        .missingSetting, wishes.mailbox?.span, "a mailbox belongs to an account: the case needs 'user'",
        help: "for example user: anna")
    }
    checkUse(of: test, wishes)
    checkContradictions(in: test, wishes)
  }

  private mutating func checkUse(of test: TestFile.Case, _ wishes: TestFile.Want) {
    let isJudged = wishes.verdict != nil || wishes.rule != nil || wishes.mailbox != nil
    let isAboutLogin = isJudged || wishes.login != nil || wishes.certificate != nil
    let keys: [(name: String, span: Span?, isUsed: Bool, needed: String)] = [
      ("from", test.from?.key, wishes.isAboutClients, "verdict"),
      ("to", test.to?.key, wishes.isAboutClients, "verdict"),
      ("via", test.via?.key, wishes.isAboutClients, "verdict"),
      ("user", test.user?.key, isJudged, "verdict or mailbox"),
      ("tls", test.tls?.key, isAboutLogin, "verdict or login"),
      ("server_name", test.serverName?.key, wishes.certificate != nil, "certificate"),
      ("at", test.at?.key, wishes.codes != nil, "codes"),
    ]
    for key in keys where !key.isUsed {
      guard let span = key.span else { continue }
      report(
        .unusedInCase, span, "'\(key.name)' makes no difference here",
        help: "it is for cases that want \(key.needed): add that to want, or remove '\(key.name)'")
    }
  }

  private mutating func checkContradictions(in test: TestFile.Case, _ wishes: TestFile.Want) {
    func contradict(_ message: String, _ one: Span?, _ other: Span?) {
      report(
        .contradictoryCase, one, message,
        related: other.map { [Diagnostic.Related("this contradicts it", at: $0)] } ?? [],
        help: "write two cases, or correct one of them")
    }
    if let at = test.at, let codes = wishes.codes, wishes.isAboutClients {
      contradict(
        "'at' is for codes alone: what clients may do is judged as of now", at.key ?? at.span, codes.span)
    }
    if test.tls?.value == .plaintextLogin, let certificate = wishes.certificate {
      contradict("a client without TLS is presented no certificate", certificate.span, test.tls?.span)
    }
    if let mailbox = wishes.mailbox {
      if wishes.login?.value == false {
        contradict("no mailbox is opened where a login is refused", mailbox.span, wishes.login?.span)
      } else if wishes.verdict?.value == .refuse {
        contradict("no mailbox is opened for a client that is refused", mailbox.span, wishes.verdict?.span)
      }
    }
    if wishes.verdict?.value == .refuse, test.user == nil, let login = wishes.login, login.value {
      contradict("no login is offered to a client that is refused", login.span, wishes.verdict?.span)
    }
    if wishes.verdict?.value == .allow, test.user != nil, let login = wishes.login, !login.value {
      contradict("an account cannot be let in where a login is refused", login.span, wishes.verdict?.span)
    }
  }
}

extension TestFile.Want {
  /// Whether it wants something besides diagnostics.
  fileprivate var isAboutClients: Bool {
    verdict != nil || rule != nil || certificate != nil || login != nil || mailbox != nil
  }
}

extension TestFile.Case {
  fileprivate func access(_ want: TestFile.Want, from: AddressSet) -> AccessCase {
    var result = AccessCase(from: from, to: targets)
    result.via = via?.value
    result.user = user?.value
    result.login = tls?.value ?? .login
    result.hasMeans = tls != nil
    result.serverName = serverName?.value
    result.want.verdict = want.verdict?.value
    result.want.rule = want.rule?.value
    result.want.certificates = want.certificate?.value.map(\.value)
    result.want.isLoginOffered = want.login?.value
    result.want.mailbox = want.mailbox?.value
    return result
  }

  /// The listeners that are meant; nil for every enabled service.
  private var targets: [ExplanationTarget]? {
    guard let to = to?.value.map(\.value), !to.contains(.everything) else { return nil }
    return to.compactMap { if case .one(let target) = $0 { target } else { nil } }
  }
}
