import OceanAddresses
package import OceanBase
package import OceanControlAPI
package import OceanPlan
import OceanSyntax

/// A question about one client: does it get in, and what decides? Addresses and names are as somebody wrote them.
package struct ClientQuestion {
  /// What a login uses.
  package enum TLS: CaseIterable, Sendable {
    case none
    /// This version, the best that the client knows.
    case version(TLSVersion)

    package static let allCases = [Self.none] + TLSVersion.allCases.filter { $0 != .ssl3 }.map(Self.version)

    /// - Parameter text: `none`, or a version.
    package init?(_ text: String) {
      guard let found = Self.allCases.first(where: { $0.text == text }) else { return nil }
      self = found
    }

    package var text: String {
      switch self {
      case .none: "none"
      case .version(let version): version.short
      }
    }
  }

  private let from: String
  /// A service, or an address and port; nil for the only service.
  private let to: String?
  /// The proxy that names the client; nil if it needs none, or for one that can connect.
  private let via: String?
  /// Nil if it does not matter.
  private let tls: TLS?
  /// The account that logs in; nil if the client just connects.
  private let user: String?

  package init(from: String, to: String?, via: String?, tls: TLS?, user: String?) {
    (self.from, self.to, self.via, self.tls, self.user) = (from, to, via, tls, user)
  }

  /// - Parameter state: what a running server knows of the client; nil leaves blocks and counts out.
  /// - Returns: what is known, and a sentence about what is not.
  package func answer(
    in file: PlanFile, state: ((AddressQuestion) throws(Failure) -> AddressState)?
  ) throws(Failure) -> (explanation: Explanation, unknown: String?) {
    let peer = try IPAddress(ofClient: from)
    var attempt = Attempt(peer, .any, aim)
    if let via { attempt.route = .proxy(try IPAddress(ofClient: via)) }
    let plan = file.plan
    guard let way = plan.way(to: try target(in: plan)) else {
      let names = plan.services.map(\.name).joined(separator: ", ")
      throw Failure(
        "nothing there: '\(to?.escapedForDisplay ?? "")' is neither a service nor a listener (services: \(names))"
      )
    }
    if way.isToMonitor, user != nil || tls != nil || via != nil {
      throw Failure("the monitor has no logins and no proxies: leave out --user, --tls and --via")
    }
    var live: AddressState?
    if let state, !way.isToMonitor {
      live = try state(AddressQuestion(address: peer, service: way.service.name))
    }
    var explanation = plan.explain(attempt, on: way, file.provenance, file.rules, live: live)
    if let user {
      let login = LoginExplanation(user, peer: peer, service: way.service, of: plan)
      if explanation.verdict == .allowed, let reason = login.unknown {
        return (explanation, "whether \(user) can log in is not known: \(reason)".escapedForDisplay)
      }
      explanation.add(login)
    }
    return (explanation, nil)
  }

  private var aim: Attempt.Aim {
    switch tls {
    case .some(.none): .plaintextLogin
    case .version(let version): .tlsLogin(version)
    case nil: user == nil ? .connect : .login
    }
  }

  private func target(in plan: Plan) throws(Failure) -> ExplanationTarget {
    if let to { return ExplanationTarget(to) }
    let enabled = plan.services.filter(\.enabled)
    guard enabled.count == 1, let only = enabled.first else {
      throw Failure(
        "which service? Write --to with one of: \(enabled.map(\.name).joined(separator: ", "))")
    }
    return .service(only.name)
  }
}

extension IPAddress {
  /// - Throws: what is wrong with a client's address, as a sentence.
  fileprivate init(ofClient text: String) throws(Failure) {
    do {
      self = try IPAddress(parsing: text)
    } catch .mapped {
      throw Failure(
        "'\(text.escapedForDisplay)' is an IPv4 address in IPv6 form: write it as an IPv4 address")
    } catch {
      throw Failure("'\(text.escapedForDisplay)' is not an IP address")
    }
  }
}
