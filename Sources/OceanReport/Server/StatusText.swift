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
  private let program: ServerProgram
  private let running: () -> PlanFile?

  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - program: the program that asks.
  ///   - running: asks for the running plan, if it is needed; nil if there is no answer.
  package init(
    _ status: ServerStatus, on screen: Screen, now: Int64, program: ServerProgram,
    running: @escaping () -> PlanFile?
  ) {
    self.program = program
    self.status = status
    self.screen = screen
    self.now = now
    self.running = running
  }

  package var text: String {
    let draining =
      status.state == .draining ? ", \(screen.paint("stopping", .warning)): waits for its sessions" : ""
    let uptime = Quantities.duration(seconds: status.uptimeSeconds)
    var lines = screen.field("plan", "\(status.plan.short)\(confirmation)") + answers
    lines += file
    lines += screen.field("up", "\(uptime), pid \(status.pid)\(draining)")
    lines += version
    if let policy = status.policy { lines += screen.field("policy", policy.short) }
    if let lost = status.lostLogLines, lost > 0 {
      lines += screen.field("log", screen.paint("\(counted(lost, "line")) of the access log lost", .error))
    }
    if let end = status.nextEnd {
      lines += screen.field("ends", "\(end.text), \(end.at.distance(from: now))".escapedForDisplay)
    }
    lines += Self.damaged(status.damaged, on: screen)
    lines += lists(status.heldLists ?? [])
    lines += unanswered(status.unanswered)
    lines += shared(status.sharedState)
    return
      (lines + ["", table(status.services), ""] + certificates + accounts(status.accounts)
      + screen.field(
        "blocks", "\(status.blocked)\(status.blocked > 0 ? " (\(server.command("blocks")))" : "")"))
      .joined(separator: "\n")
  }

  /// Which program runs, and which one asks, if that is another: a server that was updated runs the old one until it
  /// is started again.
  private var version: [String] {
    guard let running = status.program else { return [] }
    return screen.field("version", running.text.escapedForDisplay)
      + (running == program ? [] : screen.field("", "this command is \(program.text)".escapedForDisplay))
  }

  private var confirmation: String {
    status.unconfirmed.map {
      " \(screen.paint("UNCONFIRMED", .warning)), reverts in \(Quantities.duration(seconds: $0.secondsLeft))"
    } ?? ""
  }

  /// The commands that end the waiting: whole, to be pasted.
  private var answers: [String] {
    guard status.unconfirmed != nil else { return [] }
    let indent = String(repeating: " ", count: 10)
    return [
      "\(indent)keep: \(server.confirm(status.plan))", "\(indent)undo: \(server.rollback(nil))",
    ]
  }

  /// The server, by what it runs.
  private var server: ServerName { ServerName(socket: nil, config: status.file) }

  /// What the server keeps and cannot use.
  static func damaged(_ files: [DamagedFile]?, on screen: Screen) -> [String] {
    (files ?? []).enumerated().flatMap { index, file in
      let text = screen.paint("\(file.path): \(file.reason)".escapedForDisplay, .error)
      return screen.field(index == 0 ? "damaged" : "", text)
    }
  }

  /// List files that are not used, and what runs in their place.
  private func lists(_ held: [ServerStatus.HeldList]) -> [String] {
    held.enumerated().flatMap { index, list in
      let reason =
        "\(list.reason); its entries are those of plan \(list.plan.short), confirmed \(list.confirmed)"
      return screen.field(
        index == 0 ? "lists" : "",
        "\(list.path.escapedForDisplay) \(screen.paint("NOT USED", .error)): \(reason.escapedForDisplay)")
    }
  }

  /// Files that do not answer, and what waits for them.
  private func unanswered(_ silences: [ServerStatus.Unanswered]) -> [String] {
    silences.enumerated().flatMap { index, silence in
      let type = silence.type.map { " (\($0))" } ?? ""
      let time = Quantities.duration(seconds: silence.seconds)
      let waiting = silence.waiting > 0 ? ", \(silence.waiting) waiting" : ""
      let text =
        "\("\(silence.path)\(type)".escapedForDisplay) has \(screen.paint("NOT ANSWERED", .error)) for \(time): "
      return screen.field(index == 0 ? "files" : "", text + counted(silence.calls, "call") + waiting)
    }
  }

  /// With whom failures and blocks are counted.
  private func shared(_ shared: ServerStatus.SharedState?) -> [String] {
    guard let shared else { return [] }
    let place = [shared.master, shared.url].compactMap(\.self).joined(separator: " at ").escapedForDisplay
    let text =
      switch shared.state {
      case .starting: "\(place) is asked for the first time"
      case .together: "together by \(place)\(shared.engine.map { " (\($0))".escapedForDisplay } ?? "")"
      case .alone:
        "\(screen.paint("ALONE", .warning)) since \(shared.since.escapedForDisplay): \(place): "
          + (shared.reason ?? "").escapedForDisplay
      }
    // While it counts alone, that is the reason, or there is a worse one.
    let trouble = shared.state == .alone ? nil : shared.sentinelTrouble
    return screen.field("counts", text)
      + (trouble.map { screen.field("", "\(screen.paint("NO SENTINEL", .warning)): \($0.escapedForDisplay)") }
        ?? [])
  }

  private var certificates: [String] {
    let width = status.certificates.map(\.name.escapedForDisplay.columns).max() ?? 0
    return status.certificates.enumerated().flatMap { index, certificate in
      let start = screen.fieldStart(index == 0 ? "certs" : "")
      let name = certificate.name.escapedForDisplay.padded(to: width) + "  "
      return screen.fitted(
        timeLeft(certificate) + refusal(certificate), after: start + name,
        indent: start.columns + name.columns)
    }
  }

  private func timeLeft(_ certificate: ServerStatus.Certificate) -> String {
    guard let left = Timestamp.seconds(certificate.expires).map({ $0 - now }) else {
      return certificate.expires.escapedForDisplay
    }
    let text = Quantities.timeLeft(left)
    return left < 0
      ? screen.paint(text, .error) : left < 30 * Timestamp.day ? screen.paint(text, .warning) : text
  }

  private func refusal(_ certificate: ServerStatus.Certificate) -> String {
    guard let refused = certificate.refused else { return "" }
    let word = screen.paint(refused.heldBack == true ? "HELD BACK" : "REFUSED", .error)
    return "; new file \(word) \("\(refused.time): \(refused.reason)".escapedForDisplay)"
  }

  private func accounts(_ accounts: ServerStatus.Accounts) -> [String] {
    let remembered = accounts.remembered.map { ", \(counted($0, "login")) remembered" } ?? ""
    return screen.field("accounts", "\(accounts.active), \(accounts.disabled) disabled\(remembered)")
      + accounts.problems.flatMap {
        let consequence =
          $0.isAway == true ? "its users cannot log in for now" : "its last readable version is in force"
        let text = "\($0.path): \($0.reason); \(consequence)".escapedForDisplay
        return screen.field("", screen.paint(text, .warning))
      }
  }

  /// Whether the file would still give the running plan, and what was reverted. Says nothing if finding that
  /// out takes more than reading the file.
  private var file: [String] {
    var taken = status.takenBack
    var words = ""
    var restart: [String] = []
    // A config is not compiled again for what is known. Another version of the program may make another plan of it.
    let isUnchanged = status.fileUnchanged == true && status.program == program
    let saved = isUnchanged ? nil : try? PlanFile.read(status.file)?.endedByNow()
    let config =
      isUnchanged || saved != nil ? nil : try? CompiledConfig(status.file, for: .planning, offline: true)
    if isUnchanged {
      words = ": same as running"
    } else if let saved {
      words =
        saved.digest == status.plan ? ": same as running" : ": is another plan now, \(saved.digest.short)"
    } else if let config, config.result.plan == nil, config.count(.error) > 0 {
      words = ": has \(counted(config.count(.error), "error")) ('ocean check' names them)"
    } else if let config, config.facts.hosts.isEmpty, let plan = config.result.plan,
      let file = try? config.planFile(plan)
    {
      let mark = PlanIdentity(file)
      if file.digest == status.plan {
        words = ": same as running"
      } else if let plan = taken.first(where: { $0.withholds(mark) }) {
        let list = plan.mark.config == mark.config ? nil : plan.mark.list(in: mark)?.path
        words = list.map { ": its list \($0) was".escapedForDisplay } ?? ":"
        words +=
          " \(screen.paint("reverted", .error)) \(plan.at); '\(server.apply(status.file))' applies it again"
        taken.removeAll { $0.withholds(mark) }
      } else {
        words = ": \(screen.paint("differs", .warning)) from what runs and gives plan \(file.digest.short)"
        restart = needingRestart(file)
      }
    }
    return screen.field("file", status.file.escapedForDisplay + words) + restart
      + taken.prefix(1).filter { !$0.isSettled }.flatMap { plan in
        let text = "\(plan.mark.plan.short) of \(plan.source) at \(plan.at)".escapedForDisplay
        return screen.field("reverted", text, style: .error)
      }
  }

  /// Values of the file that only a restart can bring into effect.
  private func needingRestart(_ file: PlanFile) -> [String] {
    guard let running = running() else { return [] }
    let settings = Plan.diff(running.plan, file.plan).filter(\.needsRestart).map { change in
      change.path + (file.provenance.origin(around: change.path).map { " (\($0))" } ?? "")
    }
    let text = "needed for \(settings.joined(separator: ", "))".escapedForDisplay
    return settings.isEmpty ? [] : screen.field("restart", text, style: .warning)
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
