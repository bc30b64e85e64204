import OceanSyntax

/// OC0350 to OC0356, and OC0466: accounts in databases, and what all sources have in common.
extension DiagnosticCode {
  static let accountCodes: [DiagnosticCode] = [
    .badDatabase, .badQuery, .oneKindOfSource, .refusedQuery, .missingClientLibrary, .databasePassword,
    .uncertainDatabase, .cacheOfFile,
  ]

  static let cacheOfFile = DiagnosticCode(
    id: "OC0356", severity: .error, title: "a cache for a passwd-file",
    explanation: """
      `cache` is for account sources that are asked outside of the server. A
      passwd-file is in memory, and a change of it counts from the next login on.

      ```yaml
      main: { passwd_file: users.passwd, cache: 10m }                    # wrong
      system: { saslauthd: /run/saslauthd/mux, cache: 10m }              # right
      ```
      """)

  static let badDatabase = DiagnosticCode(
    id: "OC0350", severity: .error, title: "not the place of a database",
    explanation: """
      The URL of a database has a scheme, a user, a host and a name. It never has the
      password: plans, differences and logs show the URL. Without a host it is a
      socket of this host.

      ```yaml
      sql: { url: postgresql://ocean:secret@db.example.org/mail }    # wrong
      sql:
        url: postgresql://ocean@db.example.org/mail                  # right
        password: { file: db.password }
      ```
      """)

  static let badQuery = DiagnosticCode(
    id: "OC0351", severity: .error, title: "a query that cannot find an account",
    explanation: """
      A query names the login by parameters in braces: `{address}`, `{user}`,
      `{domain}`, `{service}`, `{client}`. They are bound: their values never become
      part of the text, so they stand without quotes.

      ```yaml
      query: SELECT password FROM mailbox WHERE username = '{address}'    # wrong
      query: SELECT password FROM mailbox WHERE username = {address}      # right
      ```
      """)

  static let oneKindOfSource = DiagnosticCode(
    id: "OC0352", severity: .error, title: "an account source of no kind, or of two",
    explanation: """
      An account source is one thing: a file, a database or a directory. A service may
      ask several sources, which are tried in the order in which it names them.

      ```yaml
      accounts:
        main: { passwd_file: users.passwd }
        panel:
          sql:
            url: sqlite:users.db
            query: SELECT password FROM users WHERE name = {address}
      services:
        pop3: { accounts: [main, panel] }
      ```
      """)

  static let refusedQuery = DiagnosticCode(
    id: "OC0353", severity: .error, title: "a query that does not give an account",
    explanation: """
      The database refuses the query, or the query does not give what an account
      needs: a column `password`, once. Columns are known by their names, so give them
      names with AS. `check` lets the database prepare the query, and never runs it.

      ```yaml
      query: SELECT pw FROM mailbox WHERE username = {address}                # wrong
      query: SELECT pw AS password FROM mailbox WHERE username = {address}    # right
      ```
      """)

  static let missingClientLibrary = DiagnosticCode(
    id: "OC0354", severity: .error, title: "a library that is not installed",
    explanation: """
      ocean speaks with a database or a directory by the distribution's own library,
      which it loads only if a config names such a source.

      ```sh
      apt-get install libpq5          # PostgreSQL
      apt-get install libmariadb3     # MariaDB and MySQL
      apt-get install libsqlite3-0    # SQLite
      apt-get install libldap2        # LDAP; libldap-2.5-0 in Debian 12
      ```
      """)

  static let databasePassword = DiagnosticCode(
    id: "OC0355", severity: .error, title: "no password for a database",
    explanation: """
      The password with which ocean asks the database is missing, cannot be read, or
      can be read by everybody on this host.

      ```sh
      chgrp vmail db.password && chmod 640 db.password
      ```
      """)

  static let uncertainDatabase = DiagnosticCode(
    id: "OC0466", severity: .warning, title: "a database that may not be what was meant",
    explanation: """
      The query gives columns that mean nothing to ocean, or ones that refuse every
      account with a value there; or what is asked and answered goes to another host
      in the clear.

      ```yaml
      query: >-       # warned about: maildir
        SELECT password, maildir FROM mailbox WHERE username = {address}
      query: >-       # right
        SELECT password, '/var/mail/' || maildir AS mail
        FROM mailbox WHERE username = {address}
      ```
      """)
}
