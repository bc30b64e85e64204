import OceanImport
import Testing

/// Passdbs and userdbs of databases and directories.
struct AskedTranslationTests {
  private static let sqlFile = "/etc/dovecot/dovecot-sql.conf.ext"
  private static let ldapFile = "/etc/dovecot/dovecot-ldap.conf.ext"

  /// A config whose accounts are asked for with one file.
  private static func config(_ driver: String, users: String? = nil) -> String {
    let file = driver == "sql" ? sqlFile : ldapFile
    let users = users ?? "  driver = \(driver)\n  args = \(file)"
    return sound("userdb {\n\(users)\n}\n", location: "maildir:~/Maildir")
      .replacing(
        "  args = /etc/dovecot/users\n  driver = passwd-file", with: "  args = \(file)\n  driver = \(driver)")
  }

  private func sql(_ more: String, users: String? = nil) throws -> Imported {
    try Imported(
      Self.config("sql", users: users),
      files: [
        Self.sqlFile: """
        # Accounts
        driver = mysql
        connect = host=127.0.0.1 dbname=mail user=dovecot password=Hidden-word
        default_pass_scheme = SHA512-CRYPT
        \(more)

        """
      ])
  }

  private static let passwords =
    "password_query = SELECT username, password FROM mailbox WHERE username = '%u' AND active = '1'"

  @Test func `a query's file may have Windows line ends`() throws {
    let query = """
      driver = mysql
      connect = host=127.0.0.1 dbname=mail user=dovecot password=x
      default_pass_scheme = SHA512-CRYPT
      \(Self.passwords)
      user_query = SELECT home FROM mailbox WHERE username = '%u' AND active = '1'

      """
    let imported = try [query, query.replacing("\n", with: "\r\n")].map { text in
      try Imported(Self.config("sql"), files: [Self.sqlFile: text])
    }
    #expect(imported[0].yaml.contains("SELECT"))
    #expect(imported[0].yaml == imported[1].yaml)
  }

  @Test func `a query that differs from the users' in its columns alone becomes one`() throws {
    let imported = try sql(
      "\(Self.passwords)\nuser_query = \\\n  SELECT maildir AS mail, home, 1000 AS uid FROM mailbox \\\n"
        + "  WHERE username = '%u'  AND active = '1'")
    #expect(imported.openCount == 0, "\(imported.text)")
    #expect(
      imported.line("panel")
        == "panel: { sql: { url: \"mysql://dovecot@127.0.0.1/mail\", password: { file: /etc/ocean/panel.password }, query: "
        + "\"SELECT username, password, maildir AS mail, home FROM mailbox WHERE username = {address} AND active = '1'\" } }",
      "\(imported.yaml)")
    #expect(imported.line("maildir") == "maildir: \"{home}/Maildir\"")
    #expect(imported.secrets == ["/etc/ocean/panel.password": "Hidden-word"])
    #expect(!(imported.yaml + imported.text).contains("Hidden"))
  }

  @Test func `a prefetch userdb needs no query of its own`() throws {
    let imported = try sql(
      "password_query = SELECT password, home AS userdb_home FROM u WHERE n = '%n' AND d = '%d'",
      users: "  driver = prefetch")
    #expect(imported.openCount == 0, "\(imported.text)")
    #expect(imported.line("panel")?.contains("WHERE n = {user} AND d = {domain}") == true)
  }

  @Test func `columns that Dovecot does not look at decide nothing`() throws {
    let imported = try sql(
      "password_query = SELECT password, home, maildir AS mail, x AS userdb_home FROM u WHERE n = '%u'\n"
        + "user_query = SELECT dir AS home FROM u WHERE n = '%u'")
    #expect(
      imported.line("panel")?.contains("SELECT password, dir AS home FROM u WHERE") == true,
      "\(imported.yaml)")
  }

  @Test func `what is prefetched comes first`() throws {
    let imported = try sql(
      "password_query = SELECT password, a AS userdb_home FROM u WHERE n = '%u'\n"
        + "user_query = SELECT b AS home FROM u WHERE n = '%u'",
      users: "  driver = prefetch\n}\nuserdb {\n  driver = sql\n  args = \(Self.sqlFile)")
    #expect(
      imported.line("panel")?.contains("SELECT password, a AS userdb_home FROM u") == true, "\(imported.yaml)"
    )
  }

  @Test(arguments: [
    (
      "password_query = SELECT password FROM u WHERE n = '%u' AND t = 'A'\n"
        + "user_query = SELECT home FROM u WHERE n = '%u' AND t = 'a'", "ask differently"
    ),
    (passwords, "no query for users"),
    ("\(passwords)\nuser_query = SELECT home FROM homes WHERE name = '%u'", "ask differently"),
    (
      "password_query = SELECT password FROM u WHERE n = 'x-%u'\nuser_query = SELECT home FROM u WHERE n = 'x-%u'",
      "more than a variable"
    ),
    (
      "password_query = SELECT password FROM u WHERE n = %u\nuser_query = SELECT home FROM u WHERE n = %u",
      "outside of quotes"
    ),
    (
      "\(passwords)\nuser_query = SELECT home FROM mailbox WHERE username = '%u' AND active = '1'\ndefault_pass_scheme = SHA256",
      "{SHA256}"
    ),
    (
      "\(passwords)\nuser_query = SELECT home FROM mailbox WHERE username = '%u' AND active = '1'\nconnect = host=a host=b user=x dbname=y",
      "several databases"
    ),
    (
      "\(passwords)\nuser_query = SELECT home FROM mailbox WHERE username = '%u' AND active = '1'\ndriver = cassandra",
      "cassandra"
    ),
  ])
  func `what is not the same is left to be decided, with the reason`(_ more: String, _ reason: String) throws
  {
    let imported = try sql(more)
    #expect(imported.openCount > 0 && imported.different.contains(reason), "\(imported.text)")
    #expect(!imported.yaml.contains("sql:") && imported.secrets.isEmpty)
    #expect(!imported.text.contains("Hidden"))
  }

  private func ldap(_ text: String) throws -> Imported {
    try Imported(Self.config("ldap"), files: [Self.ldapFile: text])
  }

  @Test func `a directory that checks passwords is asked for them`() throws {
    let imported = try ldap(
      """
      uris = ldaps://ldap.example.org
      dn = cn=dovecot,dc=example,dc=org
      dnpass = Hidden-word
      auth_bind = yes
      base = ou=people,dc=example,dc=org
      pass_attrs = mail=user
      pass_filter = (&(objectClass=posixAccount)(mail=%u))
      user_attrs = homeDirectory=home, uidNumber=uid, =mail=%{ldap:mailDir}
      user_filter = (&(objectClass=posixAccount)(mail=%u))

      """)
    #expect(imported.openCount == 0, "\(imported.text)")
    let line = imported.line("staff") ?? ""
    for part in [
      "url: \"ldaps://ldap.example.org\"", "filter: \"(&(objectClass=posixAccount)(mail={address}))\"",
      "password: { file: /etc/ocean/staff.password }", "home: homeDirectory", "mail: mailDir",
    ] { #expect(line.contains(part), "\(part): \(line)") }
    #expect(!line.contains("verify") && !(imported.yaml + imported.text).contains("Hidden"))
    #expect(imported.secrets == ["/etc/ocean/staff.password": "Hidden-word"])
  }

  @Test func `a directory without TLS, whose passwords are compared`() throws {
    let imported = try ldap(
      "hosts = 127.0.0.1\nbase = o=x\npass_filter = (uid=%n)\nuser_filter = (uid=%n)\npass_attrs = userPassword=password\n"
    )
    let line = imported.line("staff") ?? ""
    #expect(
      line.contains("verify: compare") && line.contains("tls: off") && line.contains("(uid={user})"),
      "\(imported.text)")
    #expect(imported.secrets.isEmpty && line.contains("home: homeDirectory"))
  }

  @Test(arguments: [
    ("uris = ldap://a ldap://b\nbase = o=x", "several directories"),
    ("hosts = a\nbase = o=x\nauth_bind = yes\nauth_bind_userdn = uid=%n,o=x", "auth_bind_userdn"),
    ("hosts = a\nbase = o=x\nscope = onelevel", "scope"),
    ("hosts = a\nbase = o=x\nuser_filter = (mail=%u)", "differ"),
    ("hosts = a\nbase = o=x\npass_filter = (mail=%u)\nuser_filter = (mail=%u)", "the attribute uid"),
    ("hosts = a\nbase = o=x\nuser_attrs = =home=/srv/%u", "out of a text"),
    ("hosts = a\nbase = o=x\npass_filter = (uid=%{foo})", "not a value"),
  ])
  func `what a directory is asked otherwise is named`(_ text: String, _ reason: String) throws {
    let imported = try ldap(text)
    #expect(imported.openCount > 0 && imported.different.contains(reason), "\(imported.text)")
    #expect(!imported.yaml.contains("ldap:"))
  }
}
