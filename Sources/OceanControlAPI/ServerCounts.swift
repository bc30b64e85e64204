/// What has happened to clients since a server started, over all services.
package struct ServerCounts: Sendable, Hashable, Codable {
  /// Those that were not refused.
  package var connections: Int
  /// By what refused them, as the access log names it: `black_list`, `blocked`, `connections_per_ip`.
  package var refused: [String: Int]
  /// By the result, as metrics name it: `ok`, `credentials`, `temporary`.
  package var logins: [String: Int]
  package var handshakes: Int
  package var handshakesFailed: Int

  package init(
    connections: Int = 0, refused: [String: Int] = [:], logins: [String: Int] = [:], handshakes: Int = 0,
    handshakesFailed: Int = 0
  ) {
    (self.connections, self.refused, self.logins) = (connections, refused, logins)
    (self.handshakes, self.handshakesFailed) = (handshakes, handshakesFailed)
  }
}
