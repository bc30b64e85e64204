package import OceanSyntax

extension DiagnosticCode {
  /// Every code that ocean knows, in order.
  package static let all: [DiagnosticCode] = syntaxCodes + compilerCodes

  static let compilerCodes: [DiagnosticCode] = [
    .unknownSetting, .missingSetting, .wrongShape, .emptyValue, .notANumber, .outOfRange, .badDuration, .notABoolean, .unknownChoice, .badName, .badHostName, .badAddress, .hostBits, .badTemplate, .repeatedEntry, .includeMatchesNothing, .badInclude, .setTwice, .badAcknowledgement, .unusedAcknowledgement, .noServices, .noAccounts, .unknownReference, .listenerConflict, .noListener, .nobodyCanLogIn, .unresolvedHost, .rootWithoutUser, .unknownUser, .missingDirectory, .accountFileUnreadable, .shortIdleTimeout, .manyConnections, .plaintextReachable, .noLocalAddress, .boundToLoopback, .unusedAccounts, .accountIssue, .noActiveAccount, .accountWithoutHome, .rootOnLoopback,
  ]

  static let unknownSetting = DiagnosticCode(
    id: "OC0200", severity: .error, title: "unknown setting",
    explanation: """
      A key that ocean does not know at this place. Nothing is ignored silently: a mistyped limit that
      is skipped would be no limit.

      Refused or warned about:

          idle_timout: 10m

      Better:

          idle_timeout: 10m
      """)

  static let missingSetting = DiagnosticCode(
    id: "OC0201", severity: .error, title: "a required setting is missing",
    explanation: """
      Some settings have no sensible default: the version of the format, the accounts, the mail
      location, the services.

      Refused or warned about:

          accounts: { main: {} }

      Better:

          accounts: { main: { passwd_file: users.passwd } }
      """)

  static let wrongShape = DiagnosticCode(
    id: "OC0202", severity: .error, title: "a list, mapping or single value where another is expected",
    explanation: """
      The value has another form than the setting takes.

      Refused or warned about:

          ports: { a: 110 }

      Better:

          ports: [110]
      """)

  static let emptyValue = DiagnosticCode(
    id: "OC0203", severity: .error, title: "a value is missing",
    explanation: """
      The key is there but nothing follows it. ocean does not guess whether that means the default,
      nothing, or an unfinished edit.

      Refused or warned about:

          ports:

      Better:

          ports: [110]
      """)

  static let notANumber = DiagnosticCode(
    id: "OC0204", severity: .error, title: "not a whole number",
    explanation: """
      Numbers are written in decimal digits, without sign, leading zero, separator or unit.

      Refused or warned about:

          max_connections: 0200

      Better:

          max_connections: 200
      """)

  static let outOfRange = DiagnosticCode(
    id: "OC0205", severity: .error, title: "out of range",
    explanation: """
      The value is of the right kind, but too small or too large; the message names the range.

      Refused or warned about:

          ports: [70000]

      Better:

          ports: [995]
      """)

  static let badDuration = DiagnosticCode(
    id: "OC0206", severity: .error, title: "not a duration",
    explanation: """
      Durations are numbers with units: s, m, h and d, largest first by custom. A bare number is
      refused, since nobody can see whether it means seconds or minutes.

      Refused or warned about:

          idle_timeout: 600

      Better:

          idle_timeout: 10m
      """)

  static let notABoolean = DiagnosticCode(
    id: "OC0207", severity: .error, title: "neither true nor false",
    explanation: """
      YAML readers disagree about yes, no, on and off; ocean takes `true` and `false` only.

      Refused or warned about:

          enabled: yes

      Better:

          enabled: true
      """)

  static let unknownChoice = DiagnosticCode(
    id: "OC0208", severity: .error, title: "not one of the choices",
    explanation: """
      The setting takes one of a few words, which the message lists.

      Refused or warned about:

          kind: imap

      Better:

          kind: pop3
      """)

  static let badName = DiagnosticCode(
    id: "OC0209", severity: .error, title: "not a name",
    explanation: """
      Names of services and account sources appear in paths such as `services.pop3.ports`: up to 63
      letters, digits, hyphens and underscores, a letter or digit first.

      Refused or warned about:

          services: { "my service": {} }

      Better:

          services: { my-service: {} }
      """)

  static let badHostName = DiagnosticCode(
    id: "OC0210", severity: .error, title: "not a host name",
    explanation: """
      Labels of letters, digits and hyphens, up to 63 octets each, between dots (RFC 1123 §2.1).
      International names are written in their xn-- form.

      Refused or warned about:

          hostname: mail,example.org

      Better:

          hostname: mail.example.org
      """)

  static let badAddress = DiagnosticCode(
    id: "OC0211", severity: .error, title: "not an IP address",
    explanation: """
      IPv4 addresses are four decimal numbers without leading zeros, which some programs read as
      octal. IPv6 addresses are written without zone id, and IPv4 addresses as IPv4.

      Refused or warned about:

          bind: [192.0.2.010]

      Better:

          bind: [192.0.2.10]
      """)

  static let hostBits = DiagnosticCode(
    id: "OC0214", severity: .error, title: "host bits set",
    explanation: """
      The address has bits behind its prefix length. It is either a network, written with zeros there,
      or one address, written with /32 or /128; guessing would open or close too much.

      Refused or warned about:

          plaintext_login: [10.0.0.5/8]

      Better:

          plaintext_login: [10.0.0.0/8]
      """)

  static let badTemplate = DiagnosticCode(
    id: "OC0215", severity: .error, title: "not a mail location",
    explanation: """
      A path in which `{user}`, `{domain}` and `{home}` stand for those of the account. It must differ
      from account to account, and `{home}`, an absolute path, can only begin it.

      Refused or warned about:

          maildir: /var/mail/{username}

      Better:

          maildir: /var/mail/{domain}/{user}
      """)

  static let repeatedEntry = DiagnosticCode(
    id: "OC0216", severity: .warning, title: "listed twice",
    explanation: """
      The entry is there already and changes nothing.

      Refused or warned about:

          ports: [110, 110]

      Better:

          ports: [110]
      """)

  static let includeMatchesNothing = DiagnosticCode(
    id: "OC0220", severity: .warning, title: "an include matches no file",
    explanation: """
      The pattern is right, but no file matches it now. If files should be there, look at the path in
      the message.

      Refused or warned about:

          include: [domain/*.yaml]

      Better:

          include: [domains/*.yaml]
      """)

  static let badInclude = DiagnosticCode(
    id: "OC0221", severity: .error, title: "an include that cannot be",
    explanation: """
      The file cannot be read, is included twice, or holds what only the main file may hold: `include`
      and `version`. One bad file fails the whole config, since half of it would be another config.

      Refused or warned about:

          include: [missing.yaml]

      Better:

          include: [domains/*.yaml]
      """)

  static let setTwice = DiagnosticCode(
    id: "OC0222", severity: .error, title: "set in two files",
    explanation: """
      Files of one config are put together, not laid over each other: each key is set in one place, so
      that nobody has to know which file wins.

      Refused or warned about:

          # ocean.yaml: mail: {...}   mail.yaml: mail: {...}

      Better:

          # ocean.yaml: include: [mail.yaml]   mail.yaml: mail: {...}
      """)

  static let badAcknowledgement = DiagnosticCode(
    id: "OC0230", severity: .error, title: "an acknowledgement of no warning",
    explanation: """
      `acknowledge` takes codes of warnings and notes. Errors cannot be acknowledged.

      Refused or warned about:

          acknowledge: [{ code: OC9999, reason: known }]

      Better:

          acknowledge: [{ code: OC0403, reason: lab network }]
      """)

  static let unusedAcknowledgement = DiagnosticCode(
    id: "OC0231", severity: .warning, title: "nothing to acknowledge",
    explanation: """
      The warning did not occur. Kept, the acknowledgement would hide it the day it does.

      Refused or warned about:

          acknowledge: [{ code: OC0403, reason: old }]

      Better:

          acknowledge: []
      """)

  static let noServices = DiagnosticCode(
    id: "OC0301", severity: .error, title: "no service",
    explanation: """
      A config without a service would start a server that does nothing.

      Refused or warned about:

          services: {}

      Better:

          services: { pop3: { kind: pop3 } }
      """)

  static let noAccounts = DiagnosticCode(
    id: "OC0302", severity: .error, title: "no accounts",
    explanation: """
      Without an account source nobody can log in.

      Refused or warned about:

          accounts: {}

      Better:

          accounts: { main: { passwd_file: users.passwd } }
      """)

  static let unknownReference = DiagnosticCode(
    id: "OC0303", severity: .error, title: "a name that is not defined",
    explanation: """
      The name refers to something that the config does not define.

      Refused or warned about:

          services: { pop3: { accounts: [mian] } }

      Better:

          services: { pop3: { accounts: [main] } }
      """)

  static let listenerConflict = DiagnosticCode(
    id: "OC0304", severity: .error, title: "two services on one address and port",
    explanation: """
      An address and port can belong to one service only, and to none if another listens on that port
      of all addresses: who would get a client would depend on the kernel.

      Refused or warned about:

          a: { ports: [110] }, b: { ports: [110] }

      Better:

          a: { ports: [110] }, b: { ports: [1110] }
      """)

  static let noListener = DiagnosticCode(
    id: "OC0305", severity: .error, title: "a service without a port",
    explanation: """
      An enabled service must listen somewhere.

      Refused or warned about:

          ports: []

      Better:

          enabled: false
      """)

  static let nobodyCanLogIn = DiagnosticCode(
    id: "OC0306", severity: .error, title: "nobody can log in",
    explanation: """
      The service can be reached from other hosts, but none of them may log in: passwords in clear
      text are for loopback only unless `plaintext_login` says otherwise.

      Refused or warned about:

          bind: [192.0.2.10]

      Better:

          bind: [192.0.2.10]
          plaintext_login: [192.0.2.0/24]
      """)

  static let unresolvedHost = DiagnosticCode(
    id: "OC0307", severity: .error, title: "a host name does not resolve",
    explanation: """
      A name to bind has no address, so the plan would lack a listener. Names are resolved once, when
      the config is compiled; the plan holds the addresses.

      Refused or warned about:

          bind: [mx.exmaple.org]

      Better:

          bind: [mx.example.org]
      """)

  static let rootWithoutUser = DiagnosticCode(
    id: "OC0308", severity: .error, title: "root without a user",
    explanation: """
      A server started by root that is reachable from other hosts must become another user before it
      serves the first client.

      Refused or warned about:

          server: {}

      Better:

          server: { user: vmail }
      """)

  static let unknownUser = DiagnosticCode(
    id: "OC0309", severity: .error, title: "no such user",
    explanation: """
      The user that the server should become does not exist on this host.

      Refused or warned about:

          server: { user: vmial }

      Better:

          server: { user: vmail }
      """)

  static let missingDirectory = DiagnosticCode(
    id: "OC0310", severity: .error, title: "a directory is missing",
    explanation: """
      The directory must exist before the server starts: ocean does not create it, since it could not
      know its owner.

      Refused or warned about:

          server: { state: /var/lib/ocaen }

      Better:

          server: { state: /var/lib/ocean }
      """)

  static let accountFileUnreadable = DiagnosticCode(
    id: "OC0311", severity: .error, title: "an account file cannot be read",
    explanation: """
      The passwd-file is missing or not readable as one.

      Refused or warned about:

          passwd_file: user.passwd

      Better:

          passwd_file: users.passwd
      """)

  static let shortIdleTimeout = DiagnosticCode(
    id: "OC0401", severity: .warning, title: "a short idle timeout",
    explanation: """
      RFC 1939 §3 wants an autologout timer of at least ten minutes. Clients on slow lines, or busy
      storing a large message, are cut off by less.

      Refused or warned about:

          idle_timeout: 2m

      Better:

          idle_timeout: 10m
      """)

  static let manyConnections = DiagnosticCode(
    id: "OC0402", severity: .note, title: "more than 200 connections",
    explanation: """
      The number is accepted. Each session needs a file descriptor, and one more while it reads mail.

      Refused or warned about:

          max_connections: 5000

      Better:

          max_connections: 200
      """)

  static let plaintextReachable = DiagnosticCode(
    id: "OC0403", severity: .warning, title: "passwords in clear text",
    explanation: """
      Clients on other hosts may send their passwords unencrypted, and everybody on the way can read
      them.

      Refused or warned about:

          plaintext_login: always

      Better:

          plaintext_login: loopback
      """)

  static let noLocalAddress = DiagnosticCode(
    id: "OC0404", severity: .warning, title: "not an address of this host",
    explanation: """
      The address, or all addresses of the name, belong to no interface of this host, so binding them
      will fail here. That is right where the address moves between hosts.

      Refused or warned about:

          bind: [198.51.100.7]

      Better:

          bind: [192.0.2.10]
      """)

  static let boundToLoopback = DiagnosticCode(
    id: "OC0405", severity: .note, title: "loopback only",
    explanation: """
      Neither the service nor the server section binds an address, so only this host can connect. This
      is the safe default.

      Refused or warned about:

          services: { pop3: {} }

      Better:

          server: { bind: [192.0.2.10] }
      """)

  static let unusedAccounts = DiagnosticCode(
    id: "OC0406", severity: .warning, title: "accounts that no service uses",
    explanation: """
      The account source is defined, but no service names it.

      Refused or warned about:

          accounts: { main: {...}, old: {...} }

      Better:

          accounts: { main: {...} }
      """)

  static let accountIssue = DiagnosticCode(
    id: "OC0407", severity: .warning, title: "something in an account file",
    explanation: """
      A line of the passwd-file is not, or not wholly, what it seems: an unknown scheme, a field
      without effect, a name that occurs twice. The message names file and line and says what happens
      to the account.

      Refused or warned about:

          anna::::::

      Better:

          anna:{SSHA512}...::::::
      """)

  static let noActiveAccount = DiagnosticCode(
    id: "OC0408", severity: .warning, title: "no account can log in",
    explanation: """
      The file is readable, but every account in it is disabled or unusable.

      Refused or warned about:

          # an empty users.passwd

      Better:

          ocean passwd anna >> users.passwd
      """)

  static let accountWithoutHome = DiagnosticCode(
    id: "OC0409", severity: .warning, title: "accounts without a home",
    explanation: """
      `mail.maildir` begins with {home}, but some accounts have no home directory; their logins will
      fail.

      Refused or warned about:

          anna:{SSHA512}...::::::

      Better:

          anna:{SSHA512}...::::/home/anna::
      """)

  static let rootOnLoopback = DiagnosticCode(
    id: "OC0410", severity: .warning, title: "running as root",
    explanation: """
      The server is reachable from this host only, so root is tolerated; it is still better to name a
      user.

      Refused or warned about:

          server: {}

      Better:

          server: { user: vmail }
      """)

}
