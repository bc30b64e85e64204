package import OceanAddresses
import OceanBase

/// Something that a change is asked to leave as it is, for every client there is.
package enum Claim: String, Sendable, CaseIterable {
  /// Nobody is treated otherwise. Names of services, expectations and comments aside.
  case noEffect = "no-effect"
  /// Nobody gets in who did not, nor by weaker means.
  case noWider = "no-wider"
}

/// What disproves a claim about a change.
package enum Witness: Sendable {
  /// A client that is treated otherwise, at a service or, without one, at the monitor; and what decides about it before
  /// and after.
  case client(
    IPAddress, Attempt.Aim, service: String?, isAllowed: Bool, before: AccessDifference.Cause,
    after: AccessDifference.Cause)
  /// A proxy that may name any client's address, and could not.
  case proxy(IPAddress, service: String)
  /// A change of something that the sets of clients say nothing about.
  case change(Change)
}

extension PlanDiff {
  /// What disproves a claim; nil if it is proved.
  ///
  /// What clients may do is compared exactly: who may connect, and log in without TLS and with each version of
  /// it. About anything else that changes, such as accounts or limits, nothing is proved.
  package func witness(against claim: Claim) -> Witness? {
    let aims: [Attempt.Aim] =
      [.connect, .plaintextLogin] + TLSVersion.allCases.filter { $0 != .ssl3 }.map { .tlsLogin($0) }
    for aim in aims {
      let monitor = aim == .connect ? [comparison.monitor].compactMap(\.self) : []
      for difference in comparison.differences(aim) + comparison.handedOver(aim) + monitor {
        if let client = difference.newlyAllowed.first {
          return witness(client, aim, difference, isAllowed: true)
        }
        if claim == .noEffect, let client = difference.newlyRefused.first {
          return witness(client, aim, difference, isAllowed: false)
        }
      }
    }
    if claim == .noWider, let witness = newProxy { return witness }
    return changes.first { change in
      guard changeClass(of: change) != .serviceRenamed else { return false }
      return claim == .noEffect ? !isOfRules(change) : !isOfWayIn(change)
    }.map(Witness.change)
  }

  /// An address that is believed about its client, at a service that did not believe it.
  private var newProxy: Witness? {
    for change in changes {
      guard case .setting(let path, let before, .addresses(let after)?) = change, let service = path.service,
        changeClass(of: change) == .proxies, settingDirections[path] != nil
      else { continue }
      var known = AddressSet()
      if case .addresses(let addresses)? = before { known = addresses }
      if let proxy = after.subtracting(known).first { return .proxy(proxy, service: service) }
    }
    return nil
  }

  /// Whether a change is about nothing but who may connect, or log in without TLS, at sockets that stay: the sets
  /// of clients tell all of it, so that a rule without an effect is none.
  private func isOfRules(_ change: Change) -> Bool {
    guard case .setting(let path, let before, let after) = change,
      path.service != nil || before != nil && after != nil, let info = Plan.info(of: path), info.isOfWayIn
    else { return false }
    return [.ipControl, .plaintextLogin].contains(info.changeClass.usual)
  }

  /// Whether the sets of clients tell all that a change means.
  private func isOfWayIn(_ change: Change) -> Bool {
    switch change {
    // Where another service answers, accounts and limits may be others too.
    case .opened(let listener, _), .closed(let listener, _), .handedOver(let listener, _, _):
      return !comparison.exchanges.contains { $0.endpoint.overlaps(listener.endpoint) }
    case .setting(let path, let before, let after):
      // What goes with its service lets nobody do anything.
      if path.service != nil, before != nil, after == nil { return true }
      return Plan.info(of: path)?.isOfWayIn ?? false
    }
  }

  private func witness(
    _ client: IPAddress, _ aim: Attempt.Aim, _ difference: AccessDifference, isAllowed: Bool
  ) -> Witness {
    let reason = difference.reasons.first { $0.addresses.contains(client) }
    let unknown = AccessDifference.Cause(what: "no service", rule: nil, place: nil)
    return .client(
      client, aim, service: difference.isOfMonitor ? nil : difference.service, isAllowed: isAllowed,
      before: reason?.before ?? unknown,
      after: reason?.after ?? unknown)
  }
}
