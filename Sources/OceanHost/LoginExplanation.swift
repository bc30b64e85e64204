import OceanAccess
import OceanBase
import OceanCompiler
package import OceanAddresses
package import OceanPlan
import OceanStore

/// The steps of an explanation after the connection: the account and its mailbox.
package struct LoginExplanation {
  package let steps: [Explanation.Step]
  package let isRefused: Bool
  /// Why nothing is known of the account; nil if it is known, or known that there is none.
  package let unknown: String?
  /// Where mail is, and whether it is there; nil if somebody refuses before that.
  package private(set) var mailbox: (maildir: String, state: Maildir)?

  package init(_ login: String, peer: IPAddress, service: Plan.Service, of plan: Plan) {
    let account = FoundAccount(
      login, at: service.name, from: peer, in: AccountDirectory(of: service, in: plan),
      time: SystemClock.wall.seconds)
    unknown = account.unread.isEmpty ? nil : account.refusal
    let source =
      account.source.map { place in
        let memory = plan.loginMemory(of: place, at: service).map { ", which remembers logins for \($0)" }
        return " (in \(place)\(memory ?? ""))"
      } ?? ""
    guard account.clients.contains(peer) else {
      let detail = "\(account.name): \(account.refusal)\(source)"
      steps =
        [.init(.account, .refused, detail, span: account.place, decisive: true)]
        + account.passwordSteps(for: peer, isRefused: true)
      isRefused = true
      return
    }
    var steps = [Explanation.Step(.account, .match, account.name + source, span: account.place)]
    steps += account.passwordSteps(for: peer, isRefused: false)
    do {
      let (maildir, state) = try account.mailbox(in: plan.mail.maildir).get()
      mailbox = (maildir, state)
      steps.append(.init(.mailbox, .match, maildir + (state.note.map { " (\($0))" } ?? "")))
      isRefused = false
    } catch {
      steps.append(.init(.mailbox, .refused, "none: \(error)", decisive: true))
      isRefused = true
    }
    self.steps = steps
  }
}

extension Plan {
  /// How long an account source of a service remembers logins, as text; nil if it does not.
  ///
  /// - Parameter place: what logs call the source.
  func loginMemory(of place: String, at service: Service) -> String? {
    accountSources(of: service).first { $0.place == place }?.cacheSeconds.map { Duration.text(seconds: $0) }
  }
}

extension FoundAccount {
  /// The app passwords, and which of them may be used; nothing for an account that has none.
  fileprivate func passwordSteps(for peer: IPAddress, isRefused: Bool) -> [Explanation.Step] {
    guard !appPasswords.isEmpty else { return [] }
    let own = isMainPasswordOff ? [Explanation.Step(.account, .skipped, "its own password is off")] : []
    return own
      + appPasswords.map { password, obstacle in
        let isElsewhere = password.conditions.networks?.contains { $0.contains(peer) } == false
        let obstacle = obstacle ?? (isElsewhere ? .network : nil)
        return Explanation.Step(
          .account, obstacle != nil ? .refused : isRefused ? .skipped : .match,
          "app password \(password.label)" + (obstacle.map { ": \($0)" } ?? ""),
          span: place.map { Provenance.Origin(file: $0.file, line: password.line, column: 1) })
      }
  }
}

extension Explanation {
  /// Adds what happens to a login.
  ///
  /// Only one step decides: the first that refuses, and if no step does, the one that allowed the connection.
  package mutating func add(_ login: LoginExplanation) {
    let decides = verdict == .allowed && login.isRefused
    if decides {
      for index in steps.indices { steps[index].decisive = false }
      verdict = .refused
    }
    steps += login.steps.map { step in
      var step = step
      step.decisive = step.decisive && decides
      return step
    }
  }
}
