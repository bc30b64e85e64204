/// What a service lets its sessions do. Taken when a connection is accepted and kept until it ends.
package struct SessionPolicy: Sendable, Equatable {
  /// The name in the greeting.
  package var hostname: String

  /// The server's name in CAPA (RFC 2449 §6.9), in printable ASCII; nil to leave it out.
  package var implementation: String?

  /// Whether USER, PASS and AUTH work at all.
  package var loginOffered = true

  /// Whether USER and PASS work on a connection without TLS.
  package var plaintextLoginAllowed: Bool

  /// The mechanisms of AUTH (RFC 5034) that work on a connection with TLS, in capital letters.
  package var mechanisms: [String] = []

  /// Those of them that work on a connection without TLS as well, if a login does there.
  package var plaintextMechanisms: [String] = []

  /// Whether STLS works on a connection without TLS (RFC 2595 §4).
  package var startTLSOffered: Bool

  /// The number of failed logins that ends the session.
  package var maxLoginAttempts = 3

  /// The number of unintelligible lines in a row (unknown command, invalid octets, too long) that ends the
  /// session.
  package var maxBadCommands = 20

  /// The longest command line in octets, its line end included (RFC 2449 §4).
  package var maxLineLength = 255

  package init(
    hostname: String, implementation: String? = nil, plaintextLoginAllowed: Bool, startTLSOffered: Bool
  ) {
    self.hostname = hostname
    self.implementation = implementation
    self.plaintextLoginAllowed = plaintextLoginAllowed
    self.startTLSOffered = startTLSOffered
  }
}
