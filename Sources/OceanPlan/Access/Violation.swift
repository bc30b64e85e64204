package import OceanAddresses

/// Clients of which something that must hold at some listeners does not hold, and what decides about them.
package struct Violation: Sendable {
  /// All clients of which it must hold.
  private let all: AddressSet
  /// Those of which it does not hold.
  package let clients: AddressSet
  /// What decides about them, in the order of the addresses.
  package let causes: [(cause: AccessDifference.Cause, addresses: AddressSet)]

  package init(
    _ clients: AddressSet, among all: AddressSet,
    causes: [(cause: AccessDifference.Cause, addresses: AddressSet)]
  ) {
    self.clients = clients
    self.all = all
    self.causes = causes
  }

  /// The clients in words: `3 of its 8 addresses: 198.51.100.8/31, 198.51.100.15`.
  package var those: String {
    if clients.isSingle { return clients.beginning }
    // Numbers of IPv6 addresses say nothing.
    let isCounted = all.total.count <= 10
    let share =
      clients == all
      ? (isCounted ? "all \(all.total)" : "all")
      : isCounted ? "\(clients.total) of its \(all.total)" : "some of its"
    return "\(share) addresses: \(clients.beginning)"
  }

  /// Half a sentence: what they can do and must not, or must and cannot.
  package func fault(_ verdict: Plan.Service.IPControl.DefaultAction, _ aim: Attempt.Aim, at way: WayIn)
    -> String
  {
    let name = way.name
    return switch (verdict, aim) {
    case (.allow, .connect): "\(name) refuses \(those)"
    case (.allow, let aim): "at \(name) they cannot \(aim.words): \(those)"
    case (.refuse, .connect): "\(name) allows \(those)"
    case (.refuse, let aim): "at \(name) they can \(aim.words): \(those)"
    }
  }

  /// What decides, as many causes as a reader can take in: `black list: 10.0.0.0/8, ocean.yaml:12`.
  package var blame: String {
    let isOne = causes.count == 1
    let blamed = causes.prefix(Self.maxBlamed).map { cause, addresses in
      cause.blame + (isOne ? "" : " (\(addresses.summary))")
    }
    let rest = causes.count - blamed.count
    return blamed.joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
  }

  private static let maxBlamed = 4
}

extension WayIn {
  /// The clients of which a verdict does not hold.
  ///
  /// - Parameter proxy: the proxy that names them; nil means that they come as they can.
  package func violators(
    of verdict: Plan.Service.IPControl.DefaultAction, _ aim: Attempt.Aim, among clients: AddressSet,
    through proxy: IPAddress? = nil
  ) -> AddressSet {
    switch verdict {
    case .allow: clients.subtracting(self.clients(aim, through: proxy, among: clients))
    // A proxy may also name an address of a proxy.
    case .refuse: self.clients(aim, through: proxy, asNamed: true, among: clients)
    }
  }

  /// The listeners in words: `'pop3'`, or `'pop3' on 192.0.2.10:995`.
  package var name: String {
    guard listeners.count == 1, let only = listeners.first, service.listeners.count > 1 else {
      return "'\(service.name)'"
    }
    return "'\(service.name)' on \(endpoint(of: only))"
  }
}

extension AccessDifference.Cause {
  /// `black list: 10.0.0.0/8, ocean.yaml:12`.
  package var blame: String {
    let what = self.what == "default" ? "ip_control.default" : self.what
    let words = [rule, place?.description].compactMap(\.self)
    return what + (words.isEmpty ? "" : ": ") + words.joined(separator: ", ")
      + (via.map { " (through '\($0)')" } ?? "")
  }
}

extension AddressSet {
  /// The first of the fewest networks that hold the addresses, as many as a reader can take in: `10.1.0.0/16,
  /// 10.200.3.4`.
  fileprivate var beginning: String {
    let networks = IPFamily.allCases.flatMap { Array(prefixes(of: $0).prefix(5)) }
    let shown = networks.prefix(4).map(\.short).joined(separator: ", ")
    return networks.count > 4 ? "\(shown) and others" : shown
  }
}
