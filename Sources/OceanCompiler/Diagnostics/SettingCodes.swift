import OceanSyntax

/// OC0200 to OC0299: mistakes in a single setting.
extension DiagnosticCode {
  static let settingsCodes: [DiagnosticCode] = [
    .unknownSetting, .missingSetting, .wrongShape, .emptyValue, .notANumber, .outOfRange, .badDuration,
    .notABoolean, .unknownChoice, .badName, .badHostName, .badAddress, .hostBits, .badTemplate,
    .repeatedEntry, .badUIDLFormat, .includeMatchesNothing, .badInclude, .setTwice, .badAcknowledgement,
    .unusedAcknowledgement,
  ]

  static let unknownSetting = DiagnosticCode(
    id: "OC0200", severity: .error, title: "unknown setting",
    explanation: """
      A key that ocean does not know at this place. Nothing is skipped silently: a
      limit with a typing error in its name would limit nothing. Settings that this
      version cannot enforce are refused for the same reason.

      ```yaml
      idle_timout: 10m      # wrong
      idle_timeout: 10m     # right
      ```
      """)

  static let missingSetting = DiagnosticCode(
    id: "OC0201", severity: .error, title: "a required setting is missing",
    explanation: """
      A few settings have no sensible default: the version of the format, the
      accounts, the mail location and the services.

      ```yaml
      accounts: { main: {} }                                # wrong: where are they?
      accounts: { main: { passwd_file: users.passwd } }     # right
      ```
      """)

  static let wrongShape = DiagnosticCode(
    id: "OC0202", severity: .error, title: "a list, mapping or single value where another is expected",
    explanation: """
      The setting takes a value of a different form. `docs/settings.md` and
      `ocean schema --reference` say what each setting takes.

      ```yaml
      ports: { plain: 110 }     # wrong: a mapping
      ports: [110, 1110]        # right: a list
      ports: 110                # right: a list of one
      ```
      """)

  static let emptyValue = DiagnosticCode(
    id: "OC0203", severity: .error, title: "a value is missing",
    explanation: """
      The key is there but nothing follows it. ocean does not guess whether that
      means the default, nothing at all or an unfinished edit: remove the key to get
      the default, or write a value.

      ```yaml
      ports:            # wrong
      ports: [110]      # right
      ```
      """)

  static let notANumber = DiagnosticCode(
    id: "OC0204", severity: .error, title: "not a whole number",
    explanation: """
      Numbers are written in decimal digits, without sign, leading zero, separator
      or unit.

      ```yaml
      max_connections: 0200     # wrong: 200 to some readers, 128 to others
      max_connections: 1,000    # wrong
      max_connections: 1000     # right
      ```
      """)

  static let outOfRange = DiagnosticCode(
    id: "OC0205", severity: .error, title: "out of range",
    explanation: """
      The value is of the right kind, but too small or too large. The message names
      the range.

      ```yaml
      ports: [70000]     # wrong: ports end at 65535
      ports: [1110]      # right
      ```
      """)

  static let badDuration = DiagnosticCode(
    id: "OC0206", severity: .error, title: "not a duration",
    explanation: """
      A duration is a number with a unit, `s`, `m`, `h` or `d`, or several of them.
      A bare number is refused, since nobody can see whether it means seconds or
      minutes.

      ```yaml
      idle_timeout: 600       # wrong
      idle_timeout: 10m       # right
      idle_timeout: 1h30m     # right
      ```
      """)

  static let notABoolean = DiagnosticCode(
    id: "OC0207", severity: .error, title: "neither true nor false",
    explanation: """
      YAML readers disagree about `yes`, `no`, `on` and `off`. Here only `true` and
      `false` are allowed.

      ```yaml
      enabled: yes      # wrong
      enabled: true     # right
      ```
      """)

  static let unknownChoice = DiagnosticCode(
    id: "OC0208", severity: .error, title: "not one of the choices",
    explanation: """
      The setting takes one of a few words. The message lists them.

      ```yaml
      tls: { explicit: on }           # wrong
      tls: { explicit: required }     # right
      ```
      """)

  static let badName = DiagnosticCode(
    id: "OC0209", severity: .error, title: "not a name",
    explanation: """
      Names of services and account sources appear in paths such as
      `services.pop3.ports`. They have up to 63 letters, digits, hyphens and
      underscores, a letter or digit first.

      ```yaml
      services: { "my service": {} }     # wrong
      services: { my-service: {} }       # right
      ```
      """)

  static let badHostName = DiagnosticCode(
    id: "OC0210", severity: .error, title: "not a host name",
    explanation: """
      A host name has labels of letters, digits and hyphens, up to 63 octets each,
      with dots in between (RFC 1123 §2.1). International names are written in their
      `xn--` form.

      ```yaml
      hostname: mail,example.org     # wrong
      hostname: mail.example.org     # right
      ```

      In `bind`, the words `all` and `default` stand alone, never in a list.
      """)

  static let badAddress = DiagnosticCode(
    id: "OC0211", severity: .error, title: "not an IP address",
    explanation: """
      IPv4 addresses are four decimal numbers without leading zeros, which some
      programs read as octal. IPv6 addresses are written without zone id, and IPv4
      addresses as such, not as `::ffff:192.0.2.10`.

      ```yaml
      bind: [192.0.2.010]                  # wrong
      bind: ["192.0.2.10:110"]             # wrong: the port goes into ports
      bind: [192.0.2.10, "2001:db8::10"]   # right
      ```
      """)

  static let hostBits = DiagnosticCode(
    id: "OC0214", severity: .error, title: "host bits set",
    explanation: """
      The address has bits set after its prefix length. It is either a network, which
      has zeros there, or one address; a guess could open or close too much.

      ```yaml
      plaintext_login: [10.0.0.5/8]      # wrong
      plaintext_login: [10.0.0.0/8]      # right: the network
      plaintext_login: [10.0.0.5]        # right: the one address
      ```
      """)

  static let badTemplate = DiagnosticCode(
    id: "OC0215", severity: .error, title: "not a mail location",
    explanation: """
      A mail location is a path in which `{user}`, `{domain}` and `{home}` stand for
      those of the account. It must differ from account to account, so `{user}` or
      `{home}` is part of it. `{home}` is an absolute path and can only begin it.

      ```yaml
      mail: { maildir: "/var/mail/{username}" }            # wrong
      mail: { maildir: "/var/mail/{domain}/{user}" }       # right
      mail: { maildir: "{home}/Maildir" }                  # right
      ```
      """)

  static let repeatedEntry = DiagnosticCode(
    id: "OC0216", severity: .warning, title: "an entry without effect",
    explanation: """
      The entry is in the list already, or lies within another entry, and changes
      nothing. Removing it later would not have the effect that somebody expects.

      ```yaml
      ports: [110, 110]
      plaintext_login: [10.0.0.0/8, 10.1.0.0/16]     # part of the first
      ```
      """)

  static let badUIDLFormat = DiagnosticCode(
    id: "OC0217", severity: .error, title: "not a format of unique ids",
    explanation: """
      `mail.uidl` takes what `pop3_uidl_format` is in Dovecot's config: text with
      `%u` (the message's number), `%v` (the mailbox's UIDVALIDITY), `%f` (the name of
      the file) and `%g` (its GUID), or the long names that Dovecot 2.4 has for them.
      Ids must differ from message to message, and be of printable characters.

      ```yaml
      uidl: { dovecot: "%v" }             # wrong: one id for all messages
      uidl: { dovecot: "%08Xu%08Xv" }     # right
      uidl: dovecot                       # the same: it is Dovecot's default
      ```
      """)

  static let includeMatchesNothing = DiagnosticCode(
    id: "OC0220", severity: .warning, title: "an include matches no file",
    explanation: """
      The pattern is well-formed, but no file matches it now. If there should be
      files, compare the path in the message with where they are: patterns are
      relative to the file that holds them.

      ```yaml
      include: [domain/*.yaml]      # the folder is called domains
      ```
      """)

  static let badInclude = DiagnosticCode(
    id: "OC0221", severity: .error, title: "an include that cannot be used",
    explanation: """
      The file cannot be read, is included twice, or holds what only the main file
      may hold: `include` and `version`. One bad file fails the whole config, since
      the rest alone would be a different config. Settings that it then seems to lack
      are not reported.

      ```yaml
      include: [domains/*.yaml, lab.yaml]
      ```
      """)

  static let setTwice = DiagnosticCode(
    id: "OC0222", severity: .error, title: "set in two files",
    explanation: """
      The files of a config are put together, not laid over each other: each key is
      set in one of them, so that nobody has to know which file wins. Mappings such
      as `services` may be spread over several files.

      ```yaml
      # ocean.yaml
      include: [mail.yaml]
      mail: { maildir: "/var/mail/{user}" }

      # mail.yaml
      mail: { maildir: "/srv/mail/{user}" }     # wrong: set in ocean.yaml
      ```
      """)

  static let badAcknowledgement = DiagnosticCode(
    id: "OC0230", severity: .error, title: "an acknowledgement that is not of a warning",
    explanation: """
      `acknowledge` takes codes of warnings and notes. Errors cannot be
      acknowledged: there is nothing to run.

      ```yaml
      acknowledge:
        - { code: OC0301, reason: known }           # wrong: an error
        - { code: OC0403, reason: lab network }     # right: a warning
      ```
      """)

  static let unusedAcknowledgement = DiagnosticCode(
    id: "OC0231", severity: .warning, title: "nothing to acknowledge",
    explanation: """
      The warning did not occur. If it stayed, the acknowledgement would hide the
      warning on the day it does. This is not reported while something is not checked
      or there are errors.
      """)
}
