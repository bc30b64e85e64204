import OceanSyntax

/// OC0360 to OC0365: accounts in directories (LDAP).
extension DiagnosticCode {
  static let directoryCodes: [DiagnosticCode] = [
    .badDirectory, .badFilter, .refusedDirectory, .directoryPassword, .contradictoryDirectory,
    .uncertainDirectory,
  ]

  static let badDirectory = DiagnosticCode(
    id: "OC0360", severity: .error, title: "not the place of a directory, or not a name in it",
    explanation: """
      The URL of a directory has a scheme and a host: ldaps://, ldap:// or ldapi://.
      It never has a name or a password: plans, differences and logs show the URL.
      What is looked for there, and where, are settings of their own.

      ```yaml
      ldap: { url: "ldap://cn=ocean:secret@ldap.example.org" }    # wrong
      ldap:
        url: ldaps://ldap.example.org                             # right
        base: "ou=people,dc=example,dc=org"
        bind_dn: "cn=ocean,dc=example,dc=org"
        password: { file: ldap.password }
      ```
      """)

  static let badFilter = DiagnosticCode(
    id: "OC0361", severity: .error, title: "a filter that cannot find an account",
    explanation: """
      A filter stands in parentheses (RFC 4515), and names the login by parameters in
      braces: `{address}`, `{user}`, `{domain}`, `{service}`, `{client}`. They stand
      where a value stands, and what is in them is escaped.

      ```yaml
      filter: mail=%u                                                # wrong
      filter: "(mail={address})"                                     # right
      filter: "(&(objectClass=posixAccount)(uid={user}))"            # right
      ```
      """)

  static let refusedDirectory = DiagnosticCode(
    id: "OC0362", severity: .error, title: "a directory that does not have what is asked for",
    explanation: """
      The directory does not let ocean in, does not show the base, or its schema does
      not have an attribute that the config names. `check` asks for these, and never
      for an account.

      ```yaml
      attributes: { home: homeDir }          # wrong
      attributes: { home: homeDirectory }    # right
      ```
      """)

  static let directoryPassword = DiagnosticCode(
    id: "OC0363", severity: .error, title: "no password for a directory",
    explanation: """
      The password with which ocean asks the directory is missing, cannot be read, or
      can be read by everybody on this host.

      ```sh
      chgrp vmail ldap.password && chmod 640 ldap.password
      ```
      """)

  static let contradictoryDirectory = DiagnosticCode(
    id: "OC0364", severity: .error, title: "settings of a directory that contradict each other",
    explanation: """
      A name has a password: without one, a directory takes the login for one of
      nobody, and agrees. And ldaps is TLS.

      ```yaml
      bind_dn: "cn=ocean,dc=example,dc=org"    # wrong, if it is alone
      password: { file: ldap.password }        # right, with it
      ```
      """)

  static let uncertainDirectory = DiagnosticCode(
    id: "OC0365", severity: .warning, title: "a directory that may not be what was meant",
    explanation: """
      Passwords go to another host in the clear, or a setting has no effect.

      ```yaml
      ldap: { url: ldap://ldap.example.org, tls: "off" }    # warned about
      ldap: { url: ldap://ldap.example.org }                # right: STARTTLS
      ```
      """)
}
