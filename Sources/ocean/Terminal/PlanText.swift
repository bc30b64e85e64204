import OceanCompiler
import OceanPlan

/// A plan for people: what would run, and which line of which file says so.
struct PlanText {
  private let config: CompiledConfig
  private let plan: Plan
  private let digest: Digest
  private static let width = 58

  init(_ config: CompiledConfig, _ plan: Plan, digest: Digest) {
    self.config = config
    self.plan = plan
    self.digest = digest
  }

  var text: String {
    var lines = server
    for service in plan.services { lines += [""] + self.service(service) }
    let services = counted(plan.services.count { $0.enabled }, "service")
    let listeners = counted(plan.activeListeners.count, "listener")
    lines += ["", "plan \(digest.short): \(services), \(listeners). Nothing was applied."]
    return lines.joined(separator: "\n")
  }

  private var server: [String] {
    var lines = ["server"]
    lines.append(row("greets as", plan.server.hostname, "server.hostname"))
    lines.append(row("runs as", plan.server.user ?? "the user who starts it", "server.user"))
    lines.append(row("keeps", plan.server.state, "server.state"))
    lines.append(row("mail", plan.mail.maildir, "mail.maildir"))
    if let domain = plan.server.defaultDomain {
      lines.append(row("domain", "\(domain) for logins without one", "server.default_domain"))
    }
    if let log = plan.log.access { lines.append(row("access log", log, "log.access")) }
    return lines
  }

  private func service(_ service: Plan.Service) -> [String] {
    let path = "services.\(service.name)"
    let state = service.enabled ? "" : " (disabled)"
    var lines = [line("service \(service.name)\(state)", path)]
    for (index, listener) in service.listeners.enumerated() {
      lines.append(row(index == 0 ? "listens" : "", "\(listener)", "\(path).listeners.\(listener)"))
    }
    for (index, name) in service.accounts.enumerated() {
      lines.append(row(index == 0 ? "accounts" : "", accounts(name), "accounts.\(name).passwd_file"))
    }
    let plaintext =
      switch service.plaintextLoginText {
      case "never": "never in clear text"
      case "always": "in clear text from everywhere"
      case let place: "in clear text from \(place) only"
      }
    lines.append(row("passwords", plaintext, "\(path).plaintext_login"))
    let limits = service.limits
    lines.append(row("limits", counted(limits.connections, "connection"), "\(path).max_connections"))
    lines.append(
      row("", "closed after \(Duration.text(seconds: limits.idleSeconds)) idle", "\(path).idle_timeout"))
    lines.append(
      row("", "\(Duration.text(seconds: limits.loginSeconds)) to log in", "\(path).login_timeout"))
    lines.append(
      row("", "\(counted(limits.loginAttempts, "login attempt")) a connection", "\(path).max_login_attempts"))
    lines.append(
      row("", "\(counted(limits.badCommands, "bad command")) in a row", "\(path).max_bad_commands"))
    return lines
  }

  private func accounts(_ name: String) -> String {
    guard let source = plan.accounts.first(where: { $0.name == name }) else { return name }
    guard case .read(let summary) = config.facts.accountFiles[source.passwdFile] else { return "\(name): not read" }
    let disabled = summary.disabled > 0 ? ", \(summary.disabled) disabled" : ""
    return "\(name): \(summary.active) active\(disabled)"
  }

  private func row(_ label: String, _ value: String, _ path: String) -> String {
    line("  \(label.padded(to: 11)) \(value)", path)
  }

  /// A line with the place its value comes from; nothing for a default.
  private func line(_ text: String, _ path: String) -> String {
    guard let origin = config.result.provenance[path] else { return text }
    return text.padded(to: Self.width) + "  \(origin)"
  }
}
