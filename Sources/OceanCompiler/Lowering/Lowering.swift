import OceanAddresses
import OceanBase
import OceanPlan
import OceanSyntax

/// Turns a config and facts into a plan: fills in defaults, resolves names, and checks what only the whole
/// config can show.
///
/// It goes on after a mistake, so that one run finds all of them, but concludes nothing from values that are
/// mistaken themselves. The plan of a config with errors is thrown away.
struct Lowering {
  @Indirect private(set) var config: Config
  @Indirect private(set) var facts: Facts
  let purpose: Purpose
  /// The places of expectations that need not hold.
  let overriding: Set<String>
  /// The places of those that do not hold.
  var overridden: Set<String> = []
  /// The names of the certificates, sorted.
  let certificateNames: [String]
  let certificateNameSet: Set<String>
  /// The names of the account sources, sorted.
  let accountNames: [String]
  let accountNameSet: Set<String>
  private let sources: SourceSet
  /// The config's own files.
  let configFiles: [String]
  /// The questions that the facts answer.
  let request: FactRequest
  private(set) var diagnostics: [Diagnostic] = []
  private(set) var provenance = Provenance()
  private(set) var rules = PlanRules()
  private(set) var inputs: [PlanFile.Input] = []
  private(set) var notChecked: [String] = []
  var addressLists = AddressLists()
  private(set) var expectations: [Plan.Expectation] = []
  /// The reports so far: several services may inherit one value, which is reported once.
  private var said: Set<Statement> = []

  private struct Statement: Hashable {
    let code: DiagnosticCode
    let span: Span?
    let message: String
  }

  init(_ loaded: LoadedConfig, facts: Facts, purpose: Purpose, overriding: Set<String>) {
    self.overriding = overriding
    config = loaded.config
    sources = loaded.sources
    configFiles = loaded.inputs.map(\.path)
    request = loaded.factRequest
    self.facts = facts
    self.purpose = purpose
    certificateNames = (loaded.config.certificates?.value ?? []).map(\.name).sorted()
    certificateNameSet = Set(certificateNames)
    accountNames = (loaded.config.accounts?.value ?? []).map(\.name).sorted()
    accountNameSet = Set(accountNames)
  }

  /// The same config at the time of an end. List files are not parsed again.
  func later(_ loaded: LoadedConfig, at end: RuleEnd) -> Lowering {
    var facts = facts
    facts.now = end.seconds
    var later = Lowering(loaded, facts: facts, purpose: .planning, overriding: overriding)
    later.addressLists.files = addressLists.files
    return later
  }

  /// Returns the plan. Nil if there is an error, or something a plan cannot do without could not be read.
  mutating func run() -> Plan? {
    let isAnswered = reportMissingFacts()
    let server = lowerServer()
    let log = lowerLog()
    let certificates = lowerCertificates()
    let accounts = lowerAccounts()
    let mail = SettingPath("mail")
    let maildir = take(config.mail?.value.maildir, Plan.Mail.maildir.path(in: mail))
    let uidl = take(config.mail?.value.uidl, Plan.Mail.uidl.path(in: mail)) ?? Plan.Mail.uidl.defaultValue
    let locks = take(config.mail?.value.locks, Plan.Mail.locks.path(in: mail)) ?? Plan.Mail.locks.defaultValue
    let services = lowerServices()
    checkListeners(services)
    let monitor = lowerMonitor(beside: services)
    checkCertificates(certificates, services)
    checkAccountsAreUsed(services)
    checkPrivileges(services)
    checkLimits(services)
    checkFileLimit(services)
    checkPermissions(server)
    checkPorts(services, monitor)
    checkWritable()
    lowerAddressLists()
    expectations = checkExpectations(services, certificates)
    checkUnusedAddressLists()
    reportNextEnd()
    // The plan would be a different one without a list file that could not be read.
    guard let maildir, isAnswered, addressLists.unanswered.isEmpty,
      certificates.count == certificateNames.count,
      facts.listFiles.allSatisfy({ path, file in
        if case .read = file { true } else { addressLists.unusable[path] != nil }
      }),
      !diagnostics.contains(where: { $0.severity == .error })
    else { return nil }
    var plan = Plan(
      server: server, log: log, certificates: certificates, accounts: accounts,
      mail: Plan.Mail(maildir: maildir, uidl: uidl, locks: locks), services: services.map(\.plan))
    plan.monitor = monitor
    plan.ends = rules.ends(in: plan)
    if !plan.ends.isEmpty, let first = addressLists.ending.map(\.span).min() {
      note(first, Plan.endsSetting.path(in: SettingPath("")))
    }
    return plan
  }

  // MARK: - Reporting

  mutating func report(
    _ code: DiagnosticCode, _ span: Span?, _ message: String, label: String? = nil,
    related: [Diagnostic.Related] = [], help: String? = nil, severity: Severity? = nil
  ) {
    guard said.insert(Statement(code: code, span: span, message: message)).inserted else { return }
    diagnostics.append(
      Diagnostic(code, message, at: span, label: label, related: related, help: help, severity: severity))
  }

  mutating func addInput(_ input: PlanFile.Input) { inputs.append(input) }

  /// How many errors there are, and answers that are missing: if it does not grow, all is known that was needed.
  var complaints: Int { diagnostics.count { $0.severity == .error } + notChecked.count }

  mutating func reportNotChecked(_ what: String) {
    if !notChecked.contains(what) { notChecked.append(what) }
  }

  /// "did you mean", if somebody will read it: after 100 diagnostics there is no hint, because comparing
  /// words takes long.
  func suggestion(for word: String, among candidates: [String]) -> String? {
    guard diagnostics.count < 100 else { return nil }
    return closestMatch(word, among: candidates).map { "did you mean '\($0)'?" }
  }

  /// Returns the value, and notes its origin under `path`.
  mutating func take<Value>(_ located: Located<Value>?, _ path: SettingPath) -> Value? {
    take(located, path.description)
  }

  /// Does the same for a value that is not itself in the plan, but becomes values of the plan.
  mutating func take<Value>(_ located: Located<Value>?, _ path: String) -> Value? {
    guard let located else { return nil }
    note(located.span, path)
    return located.value
  }

  mutating func note(_ span: Span, _ path: String) { provenance[path] = origin(of: span) }

  mutating func note(_ span: Span, _ path: SettingPath) { provenance[path] = origin(of: span) }

  /// Adds the rules of a list. Several lists under one path follow one another.
  mutating func noteRules(_ list: RuleList, _ path: SettingPath) {
    guard var known = rules[path] else { return rules[path] = list }
    known.append(contentsOf: list)
    rules[path] = known
  }

  func origin(of span: Span) -> Provenance.Origin {
    Provenance.Origin(
      file: sources.path(span.source), line: Int(span.start.line), column: Int(span.start.column))
  }

  // MARK: - Server and log

  private mutating func lowerServer() -> Plan.Server {
    let given = config.server?.value ?? Config.Server()
    let path = SettingPath("server")
    let state = take(given.state, Plan.Server.state.path(in: path)) ?? Defaults.state
    if !given.isMistaken("state"), !config.isMistaken("server") || given.state != nil {
      checkDirectory(
        state, given.state?.span ?? config.server?.key, what: "the state directory",
        otherwise: given.state == nil ? ", or name another with server.state" : "")
      checkStateFiles(state, given.state?.span ?? config.server?.key)
      checkRoom(state, what: "the state directory")
    }
    // Until it listens, the socket has another name (`.new`).
    if ControlPath.socket(in: state).utf8.count + 4 > ControlPath.maxOctets {
      report(
        .longStatePath, given.state?.span ?? config.server?.key,
        "the path of the state directory is too long for a control socket in it",
        label: "\(state.utf8.count) octets",
        help:
          "name one of at most \(ControlPath.maxOctets - ControlPath.socket(in: "").utf8.count - 4) octets",
        severity: purpose.isChecking ? nil : .warning)
    }
    if facts.exposed?.contains(state) == true {
      report(
        .stateExposed, given.state?.span ?? config.server?.key,
        "everybody on this host can write to the state directory \(state)",
        help: makingDirectory(state))
    }
    if let user = given.user, facts.users[user.value] == .missing {
      report(
        .unknownUser, user.span, "there is no user '\(user.value)' on this host",
        help: unknownUserHelp(user.value))
    }
    var server = Plan.Server(
      hostname: take(given.hostname, Plan.Server.hostname.path(in: path)) ?? facts.hostname, state: state,
      user: take(given.user, Plan.Server.user.path(in: path)),
      defaultDomain: take(given.defaultDomain, Plan.Server.defaultDomain.path(in: path)))
    Settings.server.lower(given, into: &server, at: path, &self)
    server.limits = lowerServerLimits(given)
    server.antiHammering = lowerAntiHammering(given)
    server.ticketSecret = take(given.ticketSecret, Plan.Server.ticketSecret.path(in: path))
    if let secret = given.ticketSecret { checkTicketSecret(secret) }
    if let shared = given.sharedState { server.sharedState = lowerSharedState(shared) }
    return server
  }

  private func unknownUserHelp(_ user: String) -> String {
    let suggestion = facts.suggestedUsers?[user]
    if user.utf8.allSatisfy({ (48...57).contains($0) }) {
      return "write the user's name, not its number" + (suggestion.map { ": user: \($0)" } ?? "")
    }
    return (suggestion.map { "did you mean '\($0)'? Or " } ?? "")
      + "create one: useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin \(user)"
  }

  private mutating func lowerLog() -> Plan.Log {
    let access = config.log?.value.access
    if let access, !reportLongPath(access, what: "the access log") {
      checkRoom(Path.directory(of: access.value), what: "the access log's directory")
      checkDirectory(Path.directory(of: access.value), access.span, what: "the access log's directory")
      checkAccessLogKind(access)
      checkAccessLogIsItsOwn(access)
    }
    let section = SettingPath("log")
    let logins = take(config.log?.value.logins, Plan.Log.logins.path(in: section))
    return Plan.Log(
      access: take(access, Plan.Log.access.path(in: section)),
      // An access log has all of it: twice would be once too often.
      logins: logins ?? (access == nil ? .on : .off))
  }

  private mutating func checkAccessLogKind(_ access: Located<String>) {
    let path = access.value
    let (what, help): (String, String)
    switch facts.writtenFiles?[path] {
    case .regular, .missing, .notPermitted, nil: return
    case .directory: (what, help) = ("a directory", "name a file in it: \(path)/access.jsonl")
    case .symbolicLink:
      (what, help) = (
        "a symbolic link, which is not followed",
        path.hasPrefix("/dev/")
          ? "name a file; the server's own messages go to standard error"
          : "name the file that it leads to: readlink -f \(shellWord(path))"
      )
    case .fifo: (what, help) = ("a pipe (FIFO)", "name a file; a program that follows it can tail -F it")
    case .socket: (what, help) = ("a socket", "name a file; a program that follows it can tail -F it")
    case .device: (what, help) = ("a device", "name a file, or remove the setting for no access log")
    }
    report(.accessLogNotRegular, access.span, "the access log \(path) is \(what)", help: help)
  }

  /// Reports an access log that is also a file the server reads: what is appended would change that file.
  private mutating func checkAccessLogIsItsOwn(_ access: Located<String>) {
    let path = access.value
    let state = config.server?.value.state?.value ?? Defaults.state
    let help = "name a file of its own, like /var/log/ocean/access.jsonl"
    if request.readFiles.contains(path) {
      report(
        .accessLogNotRegular, access.span, "the access log \(path) is a file that the server reads",
        help: help)
    } else if path.hasPrefix(state + "/") {
      report(
        .accessLogNotRegular, access.span,
        "the access log \(path) is among the server's own files in \(state)",
        help: help)
    }
  }

  private mutating func checkDirectory(_ path: String, _ span: Span?, what: String, otherwise: String = "") {
    switch facts.directories[path] {
    case .missing:
      report(
        .missingDirectory, span, "\(what) \(path) does not exist",
        help: "create it: \(makingDirectory(path))\(otherwise)")
    case .notADirectory:
      report(.missingDirectory, span, "\(path) is not a directory")
    case .notPermitted:
      reportNotChecked("\(path) (not accessible to this user)")
    case .exists, nil: break
    }
  }

  /// The command that gives the server a directory of its own. If the user is mistaken, its name is not
  /// known. The user's group may enter, and so ask the server, as in deploy/ocean.service.
  func makingDirectory(_ path: String) -> String {
    let isUnknown = config.isMistaken("server") || config.server?.value.isMistaken("user") ?? false
    let user = config.server?.value.user?.value ?? (isUnknown ? "USER" : nil)
    let group = user.flatMap { facts.permissions?[$0]?.group }
    let owner = (user.map { "-o \($0) " } ?? "") + (group.map { "-g \(shellWord($0)) " } ?? "")
    let command = "install -d \(owner)-m 750 \(shellWord(path))"
    guard let user, facts.users[user] == .missing else { return command }
    return "\(command), once there is a user '\(user)'"
  }

  // MARK: - Checks of the whole config

  /// Reports a server that would run as root. This is checked here, because it depends on who can connect.
  private mutating func checkPrivileges(_ services: [LoweredService]) {
    let user = config.server?.value.user
    let staysRoot = user.map { facts.users[$0.value] == .isRoot } ?? facts.isRoot
    guard staysRoot, !config.isMistaken("server") || user != nil else { return }
    let listeners = services.filter(\.plan.enabled).flatMap(\.plan.listeners)
    guard !listeners.isEmpty else { return }
    let isLocal = listeners.allSatisfy(\.address.isLoopback)
    report(
      isLocal ? .rootOnLoopback : .rootWithoutUser, user?.span ?? config.server?.key,
      "the server would run as root",
      help: "name the user that owns the Maildirs: server: { user: vmail }")
  }
}

/// A number with its noun: `1 account`, `2 accounts`.
package func counted(_ count: Int, _ noun: String, plural: String? = nil) -> String {
  count == 1 ? "1 \(noun)" : "\(count) \(plural ?? "\(noun)s")"
}
