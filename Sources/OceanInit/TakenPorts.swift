package import OceanHost
import OceanAddresses
package import OceanSyntax

/// Ports of a first config on which another program of this host listens.
package struct TakenPorts {
  /// The ports on which a first config has a service.
  package static let usual: Set<UInt16> = [110, 995]

  private let ports: [UInt16]
  private let programs: [String]
  private let hasTLS: Bool

  package init(_ choices: Choices, _ sockets: [ListeningSocket]) {
    let hasTLS = choices.certificate != .missing
    let taken = sockets.filter { (hasTLS || $0.port == 110) && choices.listens(whereHas: $0.address) }
    self.hasTLS = hasTLS
    ports = Set(taken.map(\.port)).sorted()
    programs = Set(taken.compactMap(\.program)).sorted()
  }

  package var isEmpty: Bool { ports.isEmpty }

  /// The programs that have them, and what can be done: to try ocean beside that program, or to take its place.
  ///
  /// - Parameter path: the config's.
  package func lines(_ path: String, on screen: Screen) -> [String] {
    guard let first = ports.first else { return [] }
    let numbers = ports.map(String.init).joined(separator: " and ")
    let whose = programs.isEmpty ? "another program" : programs.joined(separator: " and ").escapedForDisplay
    let heading = screen.paint(ports.count == 1 ? "Port \(numbers) is" : "Ports \(numbers) are", .warning)
    let those = ports.count == 1 ? "it" : "them"
    var lines = screen.fitted(
      "\(heading) in use by \(whose). To try ocean beside that, give 'pop3' other ports in \(path.escapedForDisplay):",
      indent: 0)
    lines.append("  ports: [1110]")
    if hasTLS { lines.append("  tls: { explicit: required, implicit: [1995] }") }
    if programs == ["dovecot"] {
      lines += screen.fitted(
        "To take \(those) over, remove 'pop3' from the 'protocols' of Dovecot's config, and before ocean starts:",
        indent: 0)
      lines.append("  doveadm reload")
    } else {
      let which = programs.isEmpty ? "; this tells which it is" : ""
      lines += screen.fitted(
        "To take \(those) over, stop that program before ocean starts\(which)\(which.isEmpty ? "." : ":")",
        indent: 0)
      if programs.isEmpty { lines.append("  ss -ltnp 'sport = :\(first)'") }
    }
    return lines
  }
}

extension Choices {
  /// Whether a socket at this address is in the way.
  fileprivate func listens(whereHas address: IPAddress) -> Bool {
    if address.isUnspecified { return true }
    switch addresses {
    case .all: return true
    case .loopback: return address.isLoopback
    case .list(let list): return list.contains { (try? IPAddress(parsing: $0)) == address }
    }
  }
}
