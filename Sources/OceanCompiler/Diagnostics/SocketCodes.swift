import OceanSyntax

/// OC0370 to OC0374: account sources that are asked over sockets, saslauthd and Dovecot.
extension DiagnosticCode {
  static let socketCodes: [DiagnosticCode] = [
    .noSocket, .socketNotPermitted, .sourceWithoutHomes, .unsuitableSocket, .badSaslauthdText,
  ]

  static let noSocket = DiagnosticCode(
    id: "OC0370", severity: .error, title: "an account source without its socket",
    explanation: """
      The path is missing, or is not a socket. saslauthd and Dovecot make their
      sockets when they start, so perhaps the program does not run. A saslauthd for
      a Postfix in its chroot has its socket in there.

      ```yaml
      system: { saslauthd: /run/saslauthd }        # wrong: the directory
      system: { saslauthd: /run/saslauthd/mux }    # right
      ```
      """)

  static let socketNotPermitted = DiagnosticCode(
    id: "OC0371", severity: .error, title: "a socket that the server may not open",
    explanation: """
      The server asks as `server.user`, and that user may not open the socket of the
      account source. The program that makes the socket decides who may, by a group:
      a permission given to the file alone is gone at its next start.

      ```sh
      usermod -aG sasl vmail       # for saslauthd; then restart the server
      ```
      """)

  static let sourceWithoutHomes = DiagnosticCode(
    id: "OC0372", severity: .error, title: "mail below homes that the source does not know",
    explanation: """
      `mail.maildir` has `{home}`, and the source does not say where an account's home
      is: saslauthd never does, Dovecot only over its socket auth-userdb. So nobody
      of this source has a mailbox.

      ```yaml
      accounts: { system: { saslauthd: /run/saslauthd/mux } }
      mail: { maildir: "{home}/Maildir" }              # wrong
      mail: { maildir: "/var/mail/{user}/Maildir" }    # right
      ```
      """)

  static let unsuitableSocket = DiagnosticCode(
    id: "OC0373", severity: .error, title: "a socket that is not the one of the source",
    explanation: """
      Something answers on the socket, and not what the account source needs: Dovecot
      without PLAIN among its `auth_mechanisms`, another of Dovecot's sockets, or
      another program.

      ```yaml
      dovecot: { auth: /run/dovecot/auth-userdb }    # wrong
      dovecot:                                       # right
        auth: /run/dovecot/auth-client
        users: /run/dovecot/auth-userdb
      ```
      """)

  static let badSaslauthdText = DiagnosticCode(
    id: "OC0374", severity: .error, title: "a service or realm that saslauthd cannot be asked for",
    explanation: """
      The service is the name of a file in /etc/pam.d. The realm is a text, or
      `{domain}` for the domain of the login. saslauthd takes 255 octets of each.

      ```yaml
      saslauthd: { socket: /run/saslauthd/mux, realm: "{user}" }      # wrong
      saslauthd: { socket: /run/saslauthd/mux, realm: "{domain}" }    # right
      ```
      """)
}
