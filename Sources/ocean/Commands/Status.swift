import ArgumentParser
import Glibc
import OceanCompiler
import OceanHost
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
      let client = try control.client(file: file)
      let status = try client.status()
      try control.show(status, Self.text(of: status, client))
    }
  }

  private static func text(of status: ServerStatus, _ client: ControlClient) -> String {
    let draining = status.state == .draining ? ", stopping: waits for its sessions" : ""
    let uptime = Quantities.duration(seconds: status.uptimeSeconds)
    var lines = ["plan      \(status.plan.short)\(confirmation(status))"]
    lines += file(of: status, client)
    lines.append("up        \(uptime), pid \(status.pid)\(draining)")
    if let lost = status.lostLogLines, lost > 0 {
      lines.append("log       \(counted(lost, "line")) of the access log lost")
    }
    lines += unanswered(status.unanswered)
    return
      (lines + ["", table(status.services), ""] + certificates(status) + accounts(status.accounts)
      + ["bans      \(status.blocked)\(status.blocked > 0 ? " (ocean bans)" : "")"])
      .joined(separator: "\n")
  }

  private static func confirmation(_ status: ServerStatus) -> String {
    status.unconfirmed.map { " UNCONFIRMED, reverts in \(Quantities.duration(seconds: $0.secondsLeft))" }
      ?? ""
  }

  /// What does not answer, and whom that concerns.
  private static func unanswered(_ silences: [ServerStatus.Unanswered]) -> [String] {
    silences.enumerated().map { index, silence in
      let type = silence.type.map { " (\($0))" } ?? ""
      let time = Quantities.duration(seconds: silence.seconds)
      let waiting = silence.waiting > 0 ? ", \(silence.waiting) waiting" : ""
      return
        ((index == 0 ? "files" : "").padded(to: 10)
        + "\(silence.path)\(type) has NOT ANSWERED for \(time): \(counted(silence.calls, "call"))\(waiting)")
        .escapedForDisplay
    }
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

  /// Whether the file would still give the plan that runs, and what was taken back. Says nothing where that takes more
  /// than reading it.
  private static func file(of status: ServerStatus, _ client: ControlClient) -> [String] {
    var taken = status.takenBack
    var words = ""
    var restart: [String] = []
    if let config = try? CompiledConfig(status.file, offline: true), config.facts.hosts.isEmpty,
      let plan = config.result.plan, let file = try? config.planFile(plan)
    {
      let mark = PlanMark(file)
      if file.digest == status.plan {
        words = ": same as running"
      } else if let plan = taken.first(where: { $0.withholds(mark) }) {
        let list = plan.mark.config == mark.config ? nil : plan.mark.list(in: mark)?.path
        words = list.map { ": its list \($0) was" } ?? ":"
        words += " taken back \(plan.at); 'ocean apply' brings it again"
        taken.removeAll { $0.withholds(mark) }
      } else {
        words = ": differs from what runs, gives plan \(file.digest.short)"
        restart = needingRestart(file, client)
      }
    }
    var lines = ["file      \(status.file)\(words)"] + restart
    lines += taken.prefix(1).filter { !$0.isSettled }.map {
      "reverted  \($0.mark.plan.short) of \($0.source), taken back \($0.at)"
    }
    return lines.map(\.escapedForDisplay)
  }

  /// What the file says that only a restart brings.
  private static func needingRestart(_ file: PlanFile, _ client: ControlClient) -> [String] {
    guard let running = try? client.plan() else { return [] }
    let settings = Plan.diff(running.plan, file.plan).filter(\.needsRestart).map { change in
      change.path + (file.provenance.origin(around: change.path).map { " (\($0))" } ?? "")
    }
    return settings.isEmpty ? [] : ["restart   needed for \(settings.joined(separator: ", "))"]
  }

  private static func table(_ services: [ServerStatus.Service]) -> String {
    var table = Table([("SERVICE", .left), ("LISTENER", .left), ("SESSIONS", .right), ("REFUSED/h", .right)])
    for service in services {
      let listeners = service.listeners.map {
        "\($0) \(Plan.Service.Security($0.tls, explicit: service.explicit).rawValue)"
      }
      table.add([
        service.name, listeners.first ?? "none", "\(service.sessions) of \(service.maxSessions)",
        "\(service.refused)",
      ])
      for listener in listeners.dropFirst() { table.add(["", listener]) }
    }
    return table.text(color: Terminal.hasColor(STDOUT_FILENO))
  }
}
