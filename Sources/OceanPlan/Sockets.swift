import OceanAddresses

/// The sockets of a plan's enabled services. A plan has at most one on each address and port.
struct Sockets: Sendable {
  let byEndpoint: [Endpoint: Socket]

  struct Socket: Sendable {
    let listener: Plan.Listener
    let service: Plan.Service
  }

  init(_ plan: Plan) { self.init(plan.services) }

  init(_ services: [Plan.Service]) {
    byEndpoint = Dictionary(
      services.filter(\.enabled).flatMap { service in
        service.listeners.map { ($0.endpoint, Socket(listener: $0, service: service)) }
      }, uniquingKeysWith: { first, _ in first })
  }

  /// The socket that takes connections to an address and port: its own, or that of all addresses.
  func taking(_ endpoint: Endpoint) -> Socket? {
    byEndpoint[endpoint] ?? byEndpoint[endpoint.everywhere]
  }
}

extension Endpoint {
  /// The same port of every address of the family.
  package var everywhere: Endpoint {
    Endpoint(address: IPAddress(family: address.family, value: 0), port: port)
  }
}
