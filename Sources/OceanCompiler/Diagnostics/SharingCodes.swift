import OceanSyntax

/// OC0390 to OC0393, OC0472 and OC0473: what several hosts have together.
extension DiagnosticCode {
  static let sharingCodes: [DiagnosticCode] = [
    .unusableTicketSecret, .ticketSecretExposed, .badSharedState, .sharedStatePassword, .uncertainSharedState,
    .loneSentinel,
  ]

  static let unusableTicketSecret = DiagnosticCode(
    id: "OC0390", severity: .error, title: "no secret for session tickets",
    explanation: """
      The secret from which keys of TLS session tickets are derived is missing, cannot
      be read, or has fewer than 32 octets. It is the same on all hosts:

      ```sh
      (umask 077; head -c 32 /dev/urandom | base64 > ticket.secret)
      ```

      ```yaml
      server: { ticket_secret: { file: ticket.secret } }
      ```
      """)

  static let ticketSecretExposed = DiagnosticCode(
    id: "OC0391", severity: .error, title: "others can read the secret of session tickets",
    explanation: """
      Who has the secret can read what was sent under TLS 1.2, and pass for the
      server to clients that resume their sessions. Its file is for the owner, and
      perhaps the group of the server's user.

      ```sh
      chgrp vmail ticket.secret && chmod 640 ticket.secret
      ```
      """)

  static let badSharedState = DiagnosticCode(
    id: "OC0392", severity: .error, title: "not the place of Valkey or Redis",
    explanation: """
      The URL has a scheme, valkey or redis, a host, and perhaps a port. It never
      has a name or a password: plans, differences and logs show it. Where Sentinels
      say which of several engines is the master, they are named in place of a URL,
      and the master by the name that sentinel.conf has for it.

      ```yaml
      shared_state: { url: "redis://:secret@10.0.0.5/0" }   # wrong
      shared_state:                                         # right
        url: valkey://10.0.0.5:6379
        user: ocean
        password: { file: valkey.password }
      shared_state:                                         # right, with Sentinels
        sentinel: { master: mymaster, at: [10.0.0.5, 10.0.0.6, 10.0.0.7] }
      ```
      """)

  static let sharedStatePassword = DiagnosticCode(
    id: "OC0393", severity: .error, title: "no password for the shared state",
    explanation: """
      The password with which servers ask Valkey, Redis or Sentinels is missing,
      cannot be read, or can be read by everybody on this host.

      ```sh
      chgrp vmail valkey.password && chmod 640 valkey.password
      ```
      """)

  static let uncertainSharedState = DiagnosticCode(
    id: "OC0472", severity: .warning,
    title: "a shared state that others may listen to, or a doubtful setting of it",
    explanation: """
      Servers tell Valkey or Redis which addresses fail to log in, and their password
      for it. With `tls: off` everybody between the two can read that. A list of CAs
      has an effect only where certificates are checked. An engine and a Sentinel have
      ports of their own.

      ```yaml
      shared_state: { url: valkey://10.0.0.5, tls: off }       # wrong, off this host
      shared_state: { url: valkey://10.0.0.5, tls: verify }    # right
      ```
      """)

  static let loneSentinel = DiagnosticCode(
    id: "OC0473", severity: .note, title: "one Sentinel alone says where the master is",
    explanation: """
      A server asks Sentinels where the master is whenever it has lost it, and every
      ten seconds whether it is still there. If the only one that it knows is away, it
      counts alone. A name that stands for several addresses is taken to be several.

      ```yaml
      sentinel: { master: mymaster, at: [10.0.0.5] }                      # alone
      sentinel: { master: mymaster, at: [10.0.0.5, 10.0.0.6, 10.0.0.7] }  # better
      ```
      """)
}
