import OceanPlan
import OceanTLS

/// Connects to the services of a plan as a client does: is there a greeting, does TLS work?
struct Probe {
  private let plan: Plan

  init(_ plan: Plan) { self.plan = plan }

  /// - Returns: a line a listener that answered, or may not be asked from here.
  /// - Throws: the first that does not answer as it should.
  func run() throws(CommandError) -> [String] {
    var lines: [String] = []
    for service in plan.services where service.enabled {
      for listener in service.listeners {
        let host = listener.address.isUnspecified ? listener.address.loopback : listener.address
        let endpoint = Endpoint(address: host, port: listener.port)
        guard service.ipControl.allowed.contains(source(for: host)), service.proxyFrom.isEmpty else {
          lines.append("\(endpoint) skipped: '\(service.name)' takes no clients from this host")
          continue
        }
        guard let server = CertServer(endpoint.description) else { continue }
        let connection = try CertConnection(to: server)
        if listener.tls == .implicit {
          try connection.handshake(try client())
          lines.append("\(endpoint) TLS")
        } else if let tls = service.tls, tls.explicit != .off {
          try connection.startTLS()
          try connection.handshake(try client())
          lines.append("\(endpoint) greeting, STLS")
        } else {
          try connection.greet()
          lines.append("\(endpoint) greeting")
        }
      }
    }
    return lines
  }

  /// Where a connection of this host to one of its own addresses comes from.
  private func source(for host: IPAddress) -> IPAddress { host.isLoopback ? host.loopback : host }

  private func client() throws(CommandError) -> TLSClient {
    guard let client = TLSClient(serverName: plan.server.hostname) else {
      throw CommandError("cannot prepare a TLS client")
    }
    return client
  }
}

extension IPAddress {
  fileprivate var loopback: IPAddress {
    family == .v4 ? IPAddress(v4: 127 << 24 | 1) : IPAddress(v6: 1)
  }
}
