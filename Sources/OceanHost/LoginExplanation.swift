import OceanAccess
import OceanCompiler
package import OceanAddresses
package import OceanPlan
import OceanStore

/// The steps of an explanation after the connection: the account and its mailbox.
package struct LoginExplanation {
  package let steps: [Explanation.Step]
  package let isRefused: Bool
  /// Where mail is, and whether it is there; nil if somebody refuses before that.
  package private(set) var mailbox: (maildir: String, state: Maildir)?

  package init(_ login: String, peer: IPAddress, service: Plan.Service, of plan: Plan) {
    let sources = plan.accountSources(of: service)
    let directory = AccountDirectory(sources, defaultDomain: plan.server.defaultDomain) { 0 }
    let unread = directory.health().filter { $0.counts == nil }.map(\.name)
    guard let entry = directory.entry(for: login) else {
      let reason =
        unread.isEmpty ? "no account of that name" : "cannot read \(unread.joined(separator: ", "))"
      steps = [.init(.account, .refused, "\(login): \(reason)", decisive: true)]
      isRefused = true
      return
    }
    let (account, identity) = (entry.account, entry.identity)
    let place = Provenance.Origin(file: entry.source, line: account.line, column: 1)
    guard account.status == .active, account.allows(peer) else {
      let reason =
        switch account.status {
        case .disabled: "disabled"
        case .refused: entry.refusal ?? "refused because of its line"
        case .active: "not from this address (allow_nets)"
        }
      steps = [.init(.account, .refused, "\(identity.name): \(reason)", span: place, decisive: true)]
      isRefused = true
      return
    }
    var steps = [Explanation.Step(.account, .match, identity.name, span: place)]
    do {
      let maildir = MaildirPath.normalized(try plan.mail.maildir.maildir(of: identity))
      let state = Maildir.state(at: maildir)
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
