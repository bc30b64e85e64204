import ArgumentParser
import Glibc
import OceanCompiler
import OceanPlan
import OceanSyntax

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What is the running server doing?",
    discussion: "Exits with 0, or with 1 if no server answers.")

  @Argument(help: "The config file (default: \(ControlOptions.defaultFile)).")
  var file: String?

  @OptionGroup var control: ControlOptions

  func run() throws {
    try ControlOptions.run {
      let status = try control.client(file: file).status()
      try control.show(status, Self.text(of: status))
    }
  }

  private static func text(of status: ServerStatus) -> String {
    let draining = status.state == .draining ? ", stopping: waits for its sessions" : ""
    let uptime = Quantities.duration(seconds: status.uptimeSeconds)
    var lines = [
      "plan      \(status.plan.short)\(confirmation(status))",
      "file      \(status.file.escapedForDisplay)\(comparison(with: status))",
      "up        \(uptime), pid \(status.pid)\(draining)",
    ]
    if let lost = status.lostLogLines, lost > 0 {
      lines.append("log       \(counted(lost, "line")) of the access log lost")
    }
    return
      (lines + ["", table(status.services), ""] + certificates(status) + accounts(status.accounts)
      + ["bans      \(status.blocked)\(status.blocked > 0 ? " (ocean bans)" : "")"])
      .joined(separator: "\n")
  }

  private static func confirmation(_ status: ServerStatus) -> String {
    status.unconfirmed.map { " UNCONFIRMED, reverts in \(Quantities.duration(seconds: $0.secondsLeft))" }
      ?? ""
  }

  private static func certificates(_ status: ServerStatus) -> [String] {
    let width = status.certificates.map(\.name.count).max() ?? 0
    return status.certificates.enumerated().map { index, certificate in
      let left = Timestamp.seconds(certificate.expires).map { Quantities.timeLeft($0 - Int64(time(nil))) }
      var line = (index == 0 ? "certs" : "").padded(to: 10) + certificate.name.padded(to: width)
      line += "  \(left ?? certificate.expires)"
      if let refused = certificate.refused {
        line += "; new file REFUSED \(refused.time): \(refused.reason)"
      }
      return line.escapedForDisplay
    }
  }

  private static func accounts(_ accounts: ServerStatus.Accounts) -> [String] {
    ["accounts  \(accounts.active), \(accounts.disabled) disabled"]
      + accounts.problems.map {
        "          \($0.path): \($0.reason); its last readable version is in force".escapedForDisplay
      }
  }

  /// Whether the file would still give the plan that runs. Says nothing where that takes more than reading it.
  private static func comparison(with status: ServerStatus) -> String {
    guard let config = try? CompiledConfig(status.file, offline: true), config.facts.hosts.isEmpty,
      let digest = try? config.result.plan?.digest
    else { return "" }
    return digest == status.plan
      ? ": same as running" : ": differs from what runs, gives plan \(digest.short)"
  }

  private static func table(_ services: [ServerStatus.Service]) -> String {
    var table = Table([("SERVICE", .left), ("LISTENER", .left), ("SESSIONS", .right), ("REFUSED/h", .right)])
    for service in services {
      let listeners = service.listeners.map { $0.tls == .none ? "\($0)" : "\($0) \($0.tls.rawValue)" }
      table.add([
        service.name, listeners.first ?? "none", "\(service.sessions) of \(service.maxSessions)",
        "\(service.refused)",
      ])
      for listener in listeners.dropFirst() { table.add(["", listener]) }
    }
    return table.text(color: Terminal.hasColor(STDOUT_FILENO))
  }
}
