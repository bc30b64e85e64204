package import OceanSyntax

/// OC0400 to OC0499: what works, but may not be what was meant.
extension DiagnosticCode {
  /// Codes about what an administrator wants to know before users notice it.
  static let lockoutCodes: [DiagnosticCode] = [.ownNetworkRefused, .noMailboxes]

  static let warningCodes: [DiagnosticCode] = [
    .shortIdleTimeout, .manyConnections, .plaintextReachable, .noLocalAddress, .boundToLoopback,
    .unusedAccounts, .accountIssue, .noActiveAccount, .accountWithoutHome, .rootOnLoopback,
    .accountWithoutDomain, .accountsEnd, .unknownAccountService, .unusedWithoutTLS,
  ]

  static let unusedWithoutTLS = DiagnosticCode(
    id: "OC0469", severity: .warning, title: "a mechanism without TLS that nobody can use",
    explanation: """
      `without_tls` offers a mechanism of AUTH without TLS to the clients that may
      send a password in clear text. `plaintext_login` says who they are, and here it
      is nobody.

      ```yaml
      services:
        pop3:
          plaintext_login: [192.168.7.0/24]     # without this line, nobody may
          sasl: [plain, { mechanism: login, without_tls: true }]
      ```
      """)

  /// Codes of what is in account files, and of what follows from it.
  package static let aboutAccounts: Set<DiagnosticCode> = [
    .accountIssue, .noActiveAccount, .accountWithoutHome, .accountWithoutDomain, .accountsEnd,
    .unknownAccountService,
    .sharedMailbox, .noMailboxes, .closedMailboxes, .unusedAcknowledgement,
  ]

  static let shortIdleTimeout = DiagnosticCode(
    id: "OC0401", severity: .warning, title: "a short idle timeout",
    explanation: """
      RFC 1939 §3 wants an autologout timer of at least ten minutes. A shorter one
      cuts off clients that are on slow lines, or busy storing a large message.

      ```yaml
      idle_timeout: 2m      # warned about
      idle_timeout: 10m     # right
      ```
      """)

  static let manyConnections = DiagnosticCode(
    id: "OC0402", severity: .note, title: "more than 200 connections",
    explanation: """
      The number is accepted. Each session needs a file descriptor, and one more
      while it reads mail; the limit of open files has to allow that (`LimitNOFILE=`
      in a systemd unit).

      ```yaml
      max_connections: 5000
      ```
      """)

  static let plaintextReachable = DiagnosticCode(
    id: "OC0403", severity: .warning, title: "passwords in clear text",
    explanation: """
      Clients on other hosts may send their passwords unencrypted, and everybody on
      the way can read them. Where that is known and accepted, name the networks and
      acknowledge it:

      ```yaml
      services:
        pop3: { plaintext_login: [192.168.7.0/24] }
      acknowledge:
        - { code: OC0403, reason: "scanners in a network of their own" }
      ```
      """)

  static let noLocalAddress = DiagnosticCode(
    id: "OC0404", severity: .warning, title: "not an address of this host",
    explanation: """
      The address, or every address of the name, belongs to no interface of this
      host, so binding it will fail here. That is right where the config is checked
      on another host, or the address moves between hosts.
      """)

  static let boundToLoopback = DiagnosticCode(
    id: "OC0405", severity: .note, title: "loopback only",
    explanation: """
      Neither the service nor the server section binds an address, so only this host
      can connect. This is the safe default.

      ```yaml
      server: { bind: [192.0.2.10] }     # for other hosts
      server: { bind: [127.0.0.1] }      # the same as before, without the note
      ```
      """)

  static let unusedAccounts = DiagnosticCode(
    id: "OC0406", severity: .warning, title: "accounts that no service uses",
    explanation: """
      The account source is defined, but every service names others.

      ```yaml
      accounts:
        main: { passwd_file: users.passwd }
        old: { passwd_file: old.passwd }     # warned about
      services:
        pop3: { accounts: [main] }
      ```
      """)

  static let accountIssue = DiagnosticCode(
    id: "OC0407", severity: .warning, title: "a problem in an account file",
    explanation: """
      A line of the passwd-file is not, or not wholly, what it seems: an unknown
      scheme, a field without effect, a name that occurs twice. The message names
      file and line and says what becomes of the account.

      ```text
      anna:{NTLM}8846f7eaee8fb117...::::::     # a scheme that ocean does not have
      ```
      """)

  static let accountsEnd = DiagnosticCode(
    id: "OC0464", severity: .note, title: "accounts that have ended or end soon",
    explanation: """
      The field `expires` of an account or an app password in a passwd-file has come,
      or comes within 30 days. From then on nobody can log in with it; open sessions
      go on.

      ```text
      anna@example.org:{CRYPT}$y$j9T$...::::::expires=2027-01-31
      ```

      A date is the end of that day in UTC; a time has an offset, such as
      2027-01-31T18:00:00+01:00.
      """)

  static let unknownAccountService = DiagnosticCode(
    id: "OC0465", severity: .warning, title: "an account names a service that is not there",
    explanation: """
      The field `services` of an account or an app password in a passwd-file lists
      the services of the config at which it may log in. One of the names is not that
      of a service: nobody can log in there with it.

      ```text
      anna@example.org:{CRYPT}$y$j9T$...::::::services=pop3,internal
      ```
      """)

  /// This is an error unless it is acknowledged.
  static let noMailboxes = DiagnosticCode(
    id: "OC0431", severity: .warning, title: "no account has a Maildir",
    explanation: """
      No account has a Maildir where `mail.maildir` says: everybody would see an empty
      mailbox, and clients that mirror it might remove what they have.
      Most likely the path has a mistake. It is an error until it is acknowledged, or
      the plan that was confirmed last has the same location; a server that starts or
      reloads only warns.

      ```yaml
      mail: { maildir: "/var/mail/vhosts/{domain}/{user}/Maildir" }
      # on a new host, until the first mail is delivered:
      acknowledge: [{ code: OC0431, reason: "no mail yet" }]
      ```
      """)

  static let noActiveAccount = DiagnosticCode(
    id: "OC0408", severity: .warning, title: "no account can log in",
    explanation: """
      The file is readable, but it is empty, or every account in it is disabled or
      unusable.

      ```sh
      ocean passwd anna >> users.passwd
      ```
      """)

  static let accountWithoutHome = DiagnosticCode(
    id: "OC0409", severity: .warning, title: "accounts without a home",
    explanation: """
      `mail.maildir` begins with `{home}`, but some accounts have no home directory
      in the sixth field, and no Maildir of their own. Their logins will fail.

      ```text
      anna:{SSHA512}...::::::                # warned about
      anna:{SSHA512}...::::/home/anna::      # right
      ```
      """)

  static let rootOnLoopback = DiagnosticCode(
    id: "OC0410", severity: .warning, title: "running as root",
    explanation: """
      Only this host can reach the server, so root is tolerated. It is still better
      to name the user that owns the Maildirs.

      ```yaml
      server: { user: vmail }
      ```
      """)

  static let accountWithoutDomain = DiagnosticCode(
    id: "OC0411", severity: .warning, title: "accounts without a domain",
    explanation: """
      `mail.maildir` contains `{domain}`, but some accounts have no domain in their
      names, and `server.default_domain` gives them no domain. Their logins will
      fail.

      ```yaml
      server: { default_domain: example.org }
      ```
      """)
}
