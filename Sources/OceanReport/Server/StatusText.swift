import OceanBase
import OceanCompiler
import OceanHost
package import OceanControlAPI
package import OceanPlan
package import OceanSyntax

/// The state of a running server, and how its config differs from it, for people.
package struct StatusText {
  private let status: ServerStatus
  private let screen: Screen
  private let now: Int64
  private let running: () -> PlanFile?

  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - running: asks for the running plan, if it is needed; nil if there is no answer.
  package init(_ status: ServerStatus, on screen: Screen, now: Int64, running: @escaping () -> PlanFile?) {
    self.status = status
    self.screen = screen
    self.now = now
    self.running = running
  }

  package var text: String {
    let draining = status.state == .draining ? ", stopping: waits for its sessions" : ""
    let uptime = Quantities.duration(seconds: status.uptimeSeconds)
    var lines = ["plan      \(status.plan.short)\(confirmation)"]
    lines += file
    lines.append("up        \(uptime), pid \(status.pid)\(draining)")
    if let lost = status.lostLogLines, lost > 0 {
      lines.append("log       \(counted(lost, "line")) of the access log lost")
    }
    if let end = status.nextEnd {
      lines.append("ends      \(end.text), \(end.at.distance(from: now))".escapedForDisplay)
    }
    lines += Self.damaged(status.damaged)
    lines += lists(status.heldLists ?? [])
    lines += unanswered(status.unanswered)
    return
      (lines + ["", table(status.services), ""] + certificates + accounts(status.accounts)
      + ["blocks    \(status.blocked)\(status.blocked > 0 ? " (ocean blocks)" : "")"])
      .joined(separator: "\n")
  }

  private var confirmation: String {
    status.unconfirmed.map { " UNCONFIRMED, reverts in \(Quantities.duration(seconds: $0.secondsLeft))" }
      ?? ""
  }

  /// What the server keeps and cannot use.
  static func damaged(_ files: [DamagedFile]?) -> [String] {
    (files ?? []).enumerated().map { index, file in
      ((index == 0 ? "damaged" : "").padded(to: 10) + "\(file.path): \(file.reason)").escapedForDisplay
    }
  }

  /// List files that are not used, and what runs in their place.
  private func lists(_ held: [ServerStatus.HeldList]) -> [String] {
    held.enumerated().map { index, list in
      ((index == 0 ? "lists" : "").padded(to: 10)
        + "\(list.path) NOT USED: \(list.reason); its entries are those of plan \(list.plan.short), "
        + "confirmed \(list.confirmed)").escapedForDisplay
    }
  }

  /// Files that do not answer, and what waits for them.
  private func unanswered(_ silences: [ServerStatus.Unanswered]) -> [String] {
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

  private var certificates: [String] {
    let width = status.certificates.map(\.name.count).max() ?? 0
    return status.certificates.enumerated().map { index, certificate in
      let left = Timestamp.seconds(certificate.expires).map { Quantities.timeLeft($0 - now) }
      var line = (index == 0 ? "certs" : "").padded(to: 10) + certificate.name.padded(to: width)
      line += "  \(left ?? certificate.expires)"
      if let refused = certificate.refused {
        let word = refused.heldBack == true ? "HELD BACK" : "REFUSED"
        line += "; new file \(word) \(refused.time): \(refused.reason)"
      }
      return line.escapedForDisplay
    }
  }

  private func accounts(_ accounts: ServerStatus.Accounts) -> [String] {
    ["accounts  \(accounts.active), \(accounts.disabled) disabled"]
      + accounts.problems.map {
        "          \($0.path): \($0.reason); its last readable version is in force".escapedForDisplay
      }
  }

  /// Whether the file would still give the running plan, and what was reverted. Says nothing if finding that
  /// out takes more than reading the file.
  private var file: [String] {
    var taken = status.takenBack
    var words = ""
    var restart: [String] = []
    let config = try? CompiledConfig(status.file, for: .planning, offline: true)
    if let config, config.result.plan == nil, config.count(.error) > 0 {
      words = ": has \(counted(config.count(.error), "error")) ('ocean check' names them)"
    } else if let config, config.facts.hosts.isEmpty, let plan = config.result.plan,
      let file = try? config.planFile(plan)
    {
      let mark = PlanIdentity(file)
      if file.digest == status.plan {
        words = ": same as running"
      } else if let plan = taken.first(where: { $0.withholds(mark) }) {
        let list = plan.mark.config == mark.config ? nil : plan.mark.list(in: mark)?.path
        words = list.map { ": its list \($0) was" } ?? ":"
        words += " reverted \(plan.at); 'ocean apply' applies it again"
        taken.removeAll { $0.withholds(mark) }
      } else {
        words = ": differs from what runs and gives plan \(file.digest.short)"
        restart = needingRestart(file)
      }
    }
    var lines = ["file      \(status.file)\(words)"] + restart
    lines += taken.prefix(1).filter { !$0.isSettled }.map {
      "reverted  \($0.mark.plan.short) of \($0.source) at \($0.at)"
    }
    return lines.map(\.escapedForDisplay)
  }

  /// Values of the file that only a restart can bring into effect.
  private func needingRestart(_ file: PlanFile) -> [String] {
    guard let running = running() else { return [] }
    let settings = Plan.diff(running.plan, file.plan).filter(\.needsRestart).map { change in
      change.path + (file.provenance.origin(around: change.path).map { " (\($0))" } ?? "")
    }
    return settings.isEmpty ? [] : ["restart   needed for \(settings.joined(separator: ", "))"]
  }

  private func table(_ services: [ServerStatus.Service]) -> String {
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
    return table.text(on: screen)
  }
}
