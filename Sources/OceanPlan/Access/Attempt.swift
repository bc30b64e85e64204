package import OceanAddresses
package import OceanBase

/// A client's attempt to get in: who it is, how it comes, and how far it wants to get.
package struct Attempt: Sendable, Hashable {
  /// The client's address: the one that rules, limits and logs see.
  package var client: IPAddress
  package var route: Route
  package var aim: Aim

  package init(_ client: IPAddress, _ route: Route = .any, _ aim: Aim = .connect) {
    self.client = client
    self.route = route
    self.aim = aim
  }

  /// How the client's connection comes to a listener.
  package enum Route: Sendable, Hashable {
    /// By itself or, if it cannot, through a proxy that the service has.
    case any
    case direct
    /// Through the proxy with that address, which names the client in a PROXY header.
    case proxy(IPAddress)
  }

  /// How far the client wants to get, and by what means.
  package enum Aim: Sendable, Hashable {
    /// To the greeting, or to the handshake of a listener with implicit TLS.
    case connect
    /// A login by whatever means there are: in clear text, or over TLS, which the client knows up to 1.3.
    case login
    /// A login without TLS.
    case plaintextLogin
    /// A login over TLS of at most that version, the best that the client knows.
    case tlsLogin(TLSVersion)

    /// Whether a client that gets as far as this also gets as far as `other`, on whatever service.
    package func implies(_ other: Aim) -> Bool {
      switch (self, other) {
      case (_, .connect), (.plaintextLogin, .login), (.tlsLogin, .login): true
      case (.tlsLogin(let best), .tlsLogin(let otherBest)): best <= otherBest
      default: self == other
      }
    }
  }
}

/// What keeps a client out: the first step on its way that refuses it.
package enum Obstacle: Sendable, Hashable {
  /// The service is switched off.
  case disabled
  /// The service has no listener that can be reached from there: none of that family, or on loopback only.
  case unreachable
  /// The address is in `proxy_from`: a connection from there that names no client is closed.
  case isProxy
  /// The proxy that the client comes through is not in `proxy_from`, so its header is not understood.
  case notAProxy
  /// A block, a rule or a limit.
  case access(Decision.Reason)
  /// `plaintext_login` does not name the client, and the client does not use TLS.
  case needsTLS
  /// The listeners that it reaches offer no TLS.
  case noTLS
  /// The service offers TLS from that version on, and the client knows none of these.
  case oldTLS(lowest: TLSVersion)
}
