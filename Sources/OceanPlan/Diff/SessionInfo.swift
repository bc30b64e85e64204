import OceanAddresses
import OceanBase

/// What one session is doing.
package struct SessionInfo: Sendable, Hashable, Codable {
  /// The states of RFC 1939 §3, and one for a session that has ended.
  package enum State: String, Sendable, Hashable, Codable {
    case authorization
    case transaction
    case update
    /// The last reply is on its way.
    case closing
  }

  /// The id. No other session gets it while the server runs.
  package var id: UInt64
  package var service: String
  /// The address of the client.
  package var peer: String
  /// The proxy that named the client; nil if it connected by itself.
  package var proxy: String?
  /// The address and port that the client connected to.
  package var local: String
  /// The TLS version; nil in plain text.
  package var tls: String?
  /// Nil before login.
  package var user: String?
  package var state: State
  /// RFC 3339, UTC.
  package var since: String
  /// How long the session has lasted.
  package var seconds: Int
  /// Seconds since the client last sent or read something.
  package var idleSeconds: Int
  /// How many messages were sent whole.
  package var retrieved: Int
  /// How many octets of messages were sent.
  package var bytes: UInt64

  package init(
    id: UInt64, service: String, peer: String, proxy: String? = nil, local: String, tls: String?,
    user: String?, state: State,
    since: String, seconds: Int, idleSeconds: Int, retrieved: Int, bytes: UInt64
  ) {
    self.id = id
    self.service = service
    self.peer = peer
    self.proxy = proxy
    self.local = local
    self.tls = tls
    self.user = user
    self.state = state
    self.since = since
    self.seconds = seconds
    self.idleSeconds = idleSeconds
    self.retrieved = retrieved
    self.bytes = bytes
  }
}

extension PastConnection {
  /// Nil if the client has no IP address: such a client can be neither allowed nor refused.
  package init?(_ session: SessionInfo) {
    guard let client = try? IPAddress(parsing: session.peer) else { return nil }
    self.init(
      service: session.service, client: client,
      proxy: session.proxy.flatMap { try? IPAddress(parsing: $0) }, local: Endpoint(parsing: session.local),
      tls: session.tls.flatMap { TLSVersion(parsing: $0) }, isLoggedIn: session.user != nil)
  }
}
