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
    id: UInt64, service: String, peer: String, local: String, tls: String?, user: String?, state: State,
    since: String, seconds: Int, idleSeconds: Int, retrieved: Int, bytes: UInt64
  ) {
    self.id = id
    self.service = service
    self.peer = peer
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
