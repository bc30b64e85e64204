import OceanPlan
import OceanSyntax

/// Turns a config and facts into a plan: fills in defaults, resolves names, checks what only the whole can show.
///
/// It goes on after a mistake with the default in its place, so that one run finds all of them; the plan it
/// returns is thrown away if there was an error.
struct Lowering {
  let config: Config
  let facts: Facts
  let sources: SourceSet
  var diagnostics: [Diagnostic] = []
  var provenance = Provenance()
  var inputs: [PlanFile.Input] = []
  var notChecked: [String] = []

  init(config: Config, facts: Facts, sources: SourceSet) {
    self.config = config
    self.facts = facts
    self.sources = sources
  }

  mutating func run() -> Plan {
    let server = lowerServer()
    let accounts = lowerAccounts()
    let mail = Plan.Mail(maildir: take(config.mail?.value.maildir, "mail.maildir") ?? "")
    let services = lowerServices(accounts: accounts)
    checkListeners(services)
    checkAccountsUsed(services)
    checkPrivileges(services)
    return Plan(
      server: server,
      log: Plan.Log(access: lowerAccessLog()),
      accounts: accounts,
      mail: mail,
      services: services.map(\.plan))
  }

  mutating func report(
    _ code: DiagnosticCode, _ span: Span?, _ message: String, label: String? = nil,
    related: [Diagnostic.Related] = [], help: String? = nil
  ) {
    diagnostics.append(
      Diagnostic(code, message, at: span, label: label, related: related, help: help))
  }

  /// The value, its origin noted under `path`.
  mutating func take<Value>(_ located: Located<Value>?, _ path: String) -> Value? {
    guard let located else { return nil }
    note(located.span, path)
    return located.value
  }

  mutating func note(_ span: Span, _ path: String) {
    provenance[path] = Provenance.Origin(
      file: sources.path(span.source), line: Int(span.start.line), column: Int(span.start.column))
  }

  // MARK: - Server, log, accounts

  private mutating func lowerServer() -> Plan.Server {
    let given = config.server?.value ?? Config.Server()
    let state = take(given.state, "server.state") ?? Defaults.state
    checkDirectory(
      state, given.state?.span ?? config.server?.span, what: "the state directory",
      help: given.state == nil
        ? "create it (install -d -o USER \(state)), or name another with server.state"
        : "create it: install -d -o USER \(state)")
    if let user = given.user, facts.users[user.value] == false {
      report(
        .unknownUser, user.span, "there is no user '\(user.value)' on this host",
        help: "create one: useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin \(user.value)")
    }
    return Plan.Server(
      hostname: take(given.hostname, "server.hostname") ?? facts.hostname,
      state: state,
      user: take(given.user, "server.user"),
      defaultDomain: take(given.defaultDomain, "server.default_domain"),
      drainSeconds: take(given.drainTimeout, "server.drain_timeout") ?? Defaults.drainSeconds)
  }

  private mutating func lowerAccessLog() -> String? {
    guard let log = config.log?.value.access else { return nil }
    checkDirectory(
      Path.directory(of: log.value), log.span, what: "the access log's directory",
      help: "create it: install -d -o USER \(Path.directory(of: log.value))")
    return take(log, "log.access")
  }

  private mutating func checkDirectory(_ path: String, _ span: Span?, what: String, help: String) {
    switch facts.directories[path] {
    case .missing: report(.missingDirectory, span, "\(what) \(path) does not exist", help: help)
    case .notADirectory: report(.missingDirectory, span, "\(path) is no directory", help: help)
    case .notPermitted: notChecked.append("\(path) (not accessible to this user)")
    case .exists, nil: break
    }
  }

  private mutating func lowerAccounts() -> [Plan.AccountSource] {
    var sources: [Plan.AccountSource] = []
    for named in (config.accounts?.value ?? []).sorted(by: { $0.name < $1.name }) {
      guard let file = named.value.passwdFile else { continue }
      note(file.span, "accounts.\(named.name).passwd_file")
      checkAccountFile(file)
      inputs.append(PlanFile.Input(role: .accounts, path: file.value, sha256: nil))
      sources.append(Plan.AccountSource(name: named.name, passwdFile: file.value))
    }
    if let accounts = config.accounts, accounts.value.isEmpty, !hasErrors(in: accounts.span) {
      report(
        .noAccounts, accounts.span.firstLine, "no account source",
        help: "without one nobody can log in: main: { passwd_file: users.passwd }")
    }
    return sources
  }

  private mutating func checkAccountFile(_ file: Located<String>) {
    switch facts.accountFiles[file.value] {
    case .missing:
      report(
        .accountFileUnreadable, file.span, "there is no file \(file.value)",
        help: "make one with a first account: ocean passwd anna >> \(file.value)")
    case .unreadable(let reason):
      report(.accountFileUnreadable, file.span, "cannot read \(file.value): \(reason)")
    case .notPermitted:
      notChecked.append("\(file.value) (not readable by this user)")
    case .read(let summary):
      for issue in summary.issues {
        report(.accountIssue, file.span, "\(file.value):\(issue.line): \(issue.message)")
      }
      if summary.active == 0 {
        report(
          .noActiveAccount, file.span, "\(file.value) holds no account that can log in",
          help: "add one: ocean passwd anna >> \(file.value)")
      }
      if summary.homeless > 0, config.mail?.value.maildir?.value.contains("{home}") == true {
        report(
          .accountWithoutHome, file.span,
          "\(counted(summary.homeless, "account")) of \(file.value) without the home that mail.maildir needs",
          help: "write the home directory into the sixth field")
      }
    case nil: break
    }
  }

  private func hasErrors(in span: Span) -> Bool {
    diagnostics.contains { $0.span == span }
  }

  // MARK: - What only the whole shows

  private mutating func checkAccountsUsed(_ services: [LoweredService]) {
    let used = Set(services.flatMap(\.plan.accounts))
    for source in config.accounts?.value ?? [] where !used.contains(source.name) && !services.isEmpty {
      report(
        .unusedAccounts, source.span, "no service uses the accounts '\(source.name)'",
        help: "name it under a service's accounts, or remove it")
    }
  }

  private mutating func checkPrivileges(_ services: [LoweredService]) {
    guard facts.isRoot, config.server?.value.user == nil else { return }
    let listeners = services.filter(\.plan.enabled).flatMap(\.plan.listeners)
    guard !listeners.isEmpty else { return }
    if listeners.allSatisfy(\.address.isLoopback) {
      report(
        .rootOnLoopback, config.server?.span.firstLine, "the server would run as root",
        help: "name a user with server.user")
    } else {
      report(
        .rootWithoutUser, config.server?.span.firstLine, "the server would run as root",
        help: "name the user that owns the Maildirs with server.user")
    }
  }
}

/// `1 account`, `2 accounts`.
package func counted(_ count: Int, _ noun: String) -> String {
  count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
}
