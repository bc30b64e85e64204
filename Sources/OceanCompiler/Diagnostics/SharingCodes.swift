import OceanSyntax

/// OC0390 and OC0391: what several hosts have together.
extension DiagnosticCode {
  static let sharingCodes: [DiagnosticCode] = [.unusableTicketSecret, .ticketSecretExposed]

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
}
