import OceanSyntax

/// OC0300 to OC0399: settings that are right one by one and wrong together, or on this host.
extension DiagnosticCode {
  static let permissionCodes: [DiagnosticCode] = [
    .notPermitted, .accessLogNotRegular, .longStatePath, .stateFileKind, .longPath, .damagedState,
  ]

  static let planCodes: [DiagnosticCode] = [
    .noServices, .noAccounts, .unknownReference, .listenerConflict, .noListener, .nobodyCanLogIn,
    .unresolvedHost, .rootWithoutUser, .unknownUser, .missingDirectory, .accountFileUnreadable,
    .tooManyListeners,
  ]

  static let noServices = DiagnosticCode(
    id: "OC0301", severity: .error, title: "no service",
    explanation: """
      A config without a service would start a server that does nothing.

      ```yaml
      services: {}              # wrong
      services: { pop3: {} }    # right: one service with all defaults
      ```
      """)

  static let noAccounts = DiagnosticCode(
    id: "OC0302", severity: .error, title: "no accounts",
    explanation: """
      Without an account source nobody can log in. `ocean passwd` makes the lines of
      a passwd-file.

      ```yaml
      accounts: {}                                          # wrong
      accounts: { main: { passwd_file: users.passwd } }     # right
      ```
      """)

  static let unknownReference = DiagnosticCode(
    id: "OC0303", severity: .error, title: "a name that is not defined",
    explanation: """
      The name refers to something that the config does not define.

      ```yaml
      accounts: { main: { passwd_file: users.passwd } }
      services:
        pop3: { accounts: [mian] }     # wrong: there is main
      ```
      """)

  static let listenerConflict = DiagnosticCode(
    id: "OC0304", severity: .error, title: "two services on one address and port",
    explanation: """
      Only one service can listen on an address and port. A service that listens on a
      port of all addresses takes it for itself: otherwise the kernel would decide
      which service gets a client.

      ```yaml
      services:
        office: { bind: all }
        public: { bind: [192.0.2.10] }     # wrong: both on port 110
      ```
      """)

  static let noListener = DiagnosticCode(
    id: "OC0305", severity: .error, title: "a service without a port",
    explanation: """
      An enabled service listens somewhere. One that should not run keeps its
      settings with `enabled: false`.

      ```yaml
      pop3: { ports: [] }           # wrong
      pop3: { enabled: false }      # right
      ```
      """)

  static let nobodyCanLogIn = DiagnosticCode(
    id: "OC0306", severity: .error, title: "nobody can log in",
    explanation: """
      Clients can reach the service, but none of them may log in.
      Without TLS a password crosses the network in clear text, so `plaintext_login`
      lets only the host itself log in unless it says otherwise.

      ```yaml
      pop3:
        bind: [192.0.2.10]
        plaintext_login: [192.0.2.0/24]     # without this line, nobody could
      ```
      """)

  static let unresolvedHost = DiagnosticCode(
    id: "OC0307", severity: .error, title: "a host name does not resolve",
    explanation: """
      A name to bind has no address, so the plan would lack a listener. Names are
      resolved once, when the config is compiled; the plan holds the addresses. An
      address instead of a name makes the config independent of DNS.

      ```yaml
      bind: [mx.exmaple.org]     # wrong
      bind: [mx.example.org]     # right
      ```
      """)

  static let rootWithoutUser = DiagnosticCode(
    id: "OC0308", severity: .error, title: "root without a user",
    explanation: """
      A server that was started by root and can be reached from other hosts must
      become another user before it serves the first client: the one that owns the
      Maildirs.

      ```yaml
      server: { user: vmail }
      ```
      """)

  static let unknownUser = DiagnosticCode(
    id: "OC0309", severity: .error, title: "no such user",
    explanation: """
      The user that the server should become does not exist on this host. For a new
      one:

      ```sh
      useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin vmail
      ```
      """)

  static let missingDirectory = DiagnosticCode(
    id: "OC0310", severity: .error, title: "a directory is missing",
    explanation: """
      The directory must exist before the server starts. ocean does not create it,
      since it could not know its owner.

      ```sh
      install -d -o vmail -g vmail -m 750 /var/lib/ocean
      ```
      """)

  static let accountFileUnreadable = DiagnosticCode(
    id: "OC0311", severity: .error, title: "an account file cannot be read",
    explanation: """
      The passwd-file is missing or cannot be read as one. A relative path is
      relative to the config file that names it.

      ```sh
      (umask 077; ocean passwd anna >> users.passwd)   # a file with one account
      ```
      """)

  static let tooManyListeners = DiagnosticCode(
    id: "OC0312", severity: .error, title: "too many listeners",
    explanation: """
      A service listens on each of its ports at each of its addresses: ten ports at
      two hundred addresses are two thousand sockets. A service may have a thousand;
      more is most likely a mistake.
      """)

  static let notPermitted = DiagnosticCode(
    id: "OC0328", severity: .error, title: "the server's user may not use a file",
    explanation: """
      A server that root starts becomes `server.user`, and that user must be able to
      read the account files, and to write to the state directory and the access log.
      Only root and that user can see this; for others it is not checked. The help
      takes no access from other programs: a file keeps a group that they may need.

      ```sh
      chgrp vmail users.passwd && chmod 640 users.passwd
      setfacl -m u:vmail:r /etc/dovecot/users            # the group is Dovecot's
      install -d -o vmail -g vmail -m 750 /var/lib/ocean
      ```
      """)

  static let accessLogNotRegular = DiagnosticCode(
    id: "OC0329", severity: .error, title: "an access log that is not a regular file",
    explanation: """
      The access log is a regular file; the server makes it if it is missing. It
      is not a directory, and not a pipe, which would keep the server waiting for a
      reader. Symbolic links are not followed, so `/dev/stdout` does not work either.
      A program that wants the lines can follow the file with `tail -F`.

      ```yaml
      log: { access: /var/log/ocean }                  # wrong
      log: { access: /var/log/ocean/access.jsonl }     # right
      ```
      """)

  static let longStatePath = DiagnosticCode(
    id: "OC0330", severity: .error, title: "a state directory with a path that is too long",
    explanation: """
      The control socket is in the state directory, and the system takes no more than
      107 octets for the path of a socket. Without it mail is served, but no command
      can ask or change the server. A server that starts says the same as a warning,
      and runs.
      """)

  static let stateFileKind = DiagnosticCode(
    id: "OC0331", severity: .error, title: "something else where the server keeps a file",
    explanation: """
      In the state directory the server makes what it needs. Where a directory, a
      symbolic link or a pipe has the name of one of its files, it cannot. Without its
      two files of locks it does not start; without the others it runs and forgets
      (blocked addresses, last logins, indexes, plans), or cannot be asked (the
      control socket), and this is a warning.

      ```sh
      ls -la /var/lib/ocean
      mv /var/lib/ocean/plans /var/lib/ocean/plans.old
      ```
      """)

  static let longPath = DiagnosticCode(
    id: "OC0332", severity: .error, title: "a path that is too long",
    explanation: """
      The name of a file has at most 255 octets, and its path 4095. A character that
      is not ASCII takes two to four. Nothing can be made under a longer one.

      ```yaml
      log: { access: /var/log/ocean/access.jsonl }
      ```
      """)

  static let damagedState = DiagnosticCode(
    id: "OC0435", severity: .warning, title: "kept plans that cannot be read",
    explanation: """
      A server keeps the plans that were confirmed, and a note of what was reverted.
      One of these files is cut off, empty or altered, as a machine that loses its
      power may leave it. A config that was not reverted runs all the same; one that
      was reverted does not, and neither does an older plan that was reverted.
      docs/changes.md says what runs when.

      ```sh
      ocean history
      ```
      """)
}
