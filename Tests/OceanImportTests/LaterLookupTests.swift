import OceanImport
import Testing

/// Passdbs and userdbs of databases and directories in configs of Dovecot 2.4, as its `doveconf -nP` prints them.
struct LaterLookupTests {
  private func imported(_ more: String, _ top: String = "") throws -> Imported {
    let text = """
      dovecot_config_version = 2.4.0
      dovecot_storage_version = 2.4.0
      mail_driver = maildir
      mail_path = ~/Maildir
      mail_uid = vmail
      protocols = pop3
      \(top)
      ssl_server {
        cert_file = /etc/ssl/main.pem
        key_file = /etc/ssl/main.key
      }
      \(more)

      """
    return try Imported(text, version: "2.4.1-4")
  }

  private static let mysql = """
    sql_driver = mysql
    mysql /var/run/mysqld/mysqld.sock {
      dbname = mail
      password = Hidden-word
      user = dovecot
    }

    """

  private static func passwords(
    _ query: String, _ more: String = "  default_password_scheme = SHA512-CRYPT\n"
  ) -> String {
    "passdb sql {\n\(more)  query = \(query)\n}\n"
  }

  private static let byName = "FROM users WHERE userid = '%{user|username}' AND domain = '%{user|domain}'"

  @Test func `queries of a database become one source`() throws {
    let imported = try imported(
      Self.mysql + Self.passwords("SELECT userid as username, domain, password \(Self.byName)")
        + "userdb sql {\n  iterate_query = SELECT username AS user,domain FROM users\n  query = SELECT home, uid, gid "
        + "\(Self.byName)\n}\n")
    #expect(imported.openCount == 0, "\(imported.text)")
    #expect(
      imported.line("panel")
        == "panel: { sql: { url: \"mysql://dovecot@/mail?socket=/var/run/mysqld/mysqld.sock\", password: { file: "
        + "/etc/ocean/panel.password }, query: \"SELECT CONCAT(userid, '@', domain) AS user, password, home FROM users WHERE "
        + "userid = {user} AND domain = {domain}\" } }", "\(imported.yaml)")
    #expect(imported.line("maildir") == "maildir: \"{home}/Maildir\"")
    #expect(imported.secrets == ["/etc/ocean/panel.password": "Hidden-word"])
    #expect(!(imported.yaml + imported.text).contains("Hidden"))
  }

  @Test func `a database that only the passdb names, with its TLS`() throws {
    let imported = try imported(
      """
      passdb sql {
        default_password_scheme = CRYPT
        query = SELECT username AS user, password, home AS userdb_home FROM users WHERE userid = '%{user | lower}'
        sql_driver = pgsql
        pgsql db.example.org {
          parameters {
            dbname = mail
            password = Hidden word
            port = 5433
            sslmode = verify-full
            sslrootcert = /etc/ssl/db.pem
            user = dovecot
          }
        }
      }
      userdb prefetch {
      }
      """)
    #expect(imported.openCount == 0, "\(imported.text)")
    let line = imported.line("panel") ?? ""
    for part in [
      "url: \"postgresql://dovecot@db.example.org:5433/mail\"", "tls: verify", "ca: /etc/ssl/db.pem",
      "WHERE userid = {address}",
    ] { #expect(line.contains(part), "\(part): \(line)") }
    #expect(imported.secrets.values.contains("Hidden word"))
  }

  @Test func `a file of SQLite`() throws {
    let query = "FROM users WHERE userid = '%{user}'"
    let imported = try imported(
      Self.passwords("SELECT password \(query)", "")
        + "userdb sql {\n  query = SELECT path AS mail_path, 'maildir' AS mail_driver, home \(query)\n}\n",
      "sql_driver = sqlite\nsqlite_path = /etc/dovecot/users.db")
    #expect(imported.openCount == 0, "\(imported.text)")
    #expect(
      imported.line("panel")?.contains(
        "\"sqlite:/etc/dovecot/users.db\", query: \"SELECT password, path AS mail_path, 'maildir' AS mail_driver, home FROM users WHERE userid = {address}\""
      )
        == true, "\(imported.yaml)")
    // The default of 2.4 is another one than that of 2.3.
    #expect(imported.different.contains("{PLAIN} before it"), "\(imported.text)")
  }

  @Test(arguments: [
    ("\(mysql)\(passwords("SELECT password FROM u WHERE n = '%{user | upper}'"))", "more than a variable"),
    (
      "\(mysql)\(passwords("SELECT password FROM u WHERE n = '%{user}'", "  default_password_scheme = SHA256\n"))",
      "{SHA256}"
    ),
    (
      "\(mysql)\(passwords("SELECT password FROM u WHERE n = '%{user}'", "  default_password_scheme = PLAIN\n"))",
      "PLAIN"
    ),
    (
      "\(mysql)mysql b {\n  user = x\n  dbname = y\n}\n\(passwords("SELECT password FROM u WHERE n = '%{user}'"))",
      "several databases"
    ),
    (
      "\(mysql)passdb sql {\n  query = SELECT pw FROM u WHERE n = '%{user}'\n  fields {\n    password = %{sql:pw}\n  }\n}\n",
      "with AS"
    ),
    (
      "\(mysql.replacing("Hidden-word", with: "# hidden, use -P to show it"))\(passwords("SELECT password FROM u WHERE n = '%{user}'"))",
      "doveconf -nP"
    ),
    ("sql_driver = cassandra\n\(passwords("SELECT password FROM u WHERE n = '%{user}'"))", "cassandra"),
    (passwords("SELECT password FROM u WHERE n = '%{user}'"), "the database"),
  ])
  func `what is not the same is left to be decided, with the reason`(_ text: String, _ reason: String) throws
  {
    let imported = try imported(text)
    #expect(imported.openCount > 0 && imported.different.contains(reason), "\(imported.text)")
    #expect(!imported.yaml.contains("sql:") && imported.secrets.isEmpty)
    #expect(!imported.text.contains("Hidden"))
  }

  private static let directory = """
    ldap_auth_dn = cn=admin,dc=example,dc=org
    ldap_auth_dn_password = Hidden-word
    ldap_base = dc=example,dc=org
    ldap_uris = ldaps://ldap.example.org
    ssl_client {
      ca_file = /etc/ssl/ldap.pem
    }
    """

  @Test func `a directory whose passwords are compared, with homes beside them`() throws {
    let imported = try imported(
      """
      passdb ldap {
        bind = no
        fields {
          password = %{ldap:userPassword}
          user = %{ldap:uid}
          userdb_home = %{ldap:homeDirectory}
          userdb_uid = %{ldap:uidNumber}
        }
        filter = (&(objectClass=posixAccount)(uid=%{user}))
      }
      userdb prefetch {
      }
      """, Self.directory)
    #expect(imported.openCount == 0, "\(imported.text)")
    let line = imported.line("staff") ?? ""
    for part in [
      "url: \"ldaps://ldap.example.org\"", "filter: \"(&(objectClass=posixAccount)(uid={address}))\"",
      "verify: compare", "bind_dn: \"cn=admin,dc=example,dc=org\"", "home: homeDirectory",
      "ca: /etc/ssl/ldap.pem",
    ] { #expect(line.contains(part), "\(part): \(line)") }
    #expect(imported.secrets == ["/etc/ocean/staff.password": "Hidden-word"])
    #expect(imported.line("maildir") == "maildir: \"{home}/Maildir\"")
  }

  @Test func `a directory that checks passwords, and gives one home for all`() throws {
    let imported = try imported(
      """
      passdb ldap {
        bind = yes
        filter = (mail=%{user})
      }
      userdb ldap {
        fields {
          home = /home/virtual/%{user}
          uid = %{ldap:uidNumber}
        }
        filter = (mail=%{user})
      }
      """, Self.directory)
    // Whether every account has a domain is not known.
    #expect(imported.openCount == 1 && imported.open.contains("has a domain"), "\(imported.text)")
    let line = imported.line("staff") ?? ""
    #expect(
      line.contains("filter: \"(mail={address})\"") && !line.contains("verify") && !line.contains("home"),
      "\(line)")
    #expect(
      imported.line("maildir") == "maildir: \"/home/virtual/{user}@{domain}/Maildir\"", "\(imported.yaml)")
  }

  @Test(arguments: [
    ("passdb ldap {\n  bind = yes\n}", "no filter"),
    ("passdb ldap {\n  filter = (uid=%{user})\n}", "which attribute is the password"),
    (
      "passdb ldap {\n  bind = yes\n  bind_userdn = uid=%{user},o=x\n  filter = (uid=%{user})\n}",
      "out of the login"
    ),
    (
      "passdb ldap {\n  bind = yes\n  filter = (uid=%{user})\n}\nuserdb ldap {\n  filter = (uid=%{user})\n  fields {\n"
        + "    home = /srv/%{ldap:uid}\n  }\n}", "out of a text"
    ),
    (
      "passdb ldap {\n  bind = yes\n  filter = (uid=%{user})\n}\nuserdb ldap {\n  filter = (mail=%{user})\n}",
      "differ"
    ),
    ("ldap_scope = base\npassdb ldap {\n  bind = yes\n  filter = (uid=%{user})\n}", "scope"),
  ])
  func `what a directory is asked otherwise is named`(_ text: String, _ reason: String) throws {
    let imported = try imported(text, Self.directory)
    #expect(imported.openCount > 0 && imported.different.contains(reason), "\(imported.text)")
    #expect(!imported.yaml.contains("ldap:") && !imported.text.contains("Hidden"))
  }

  @Test func `what the protocol says of a passdb belongs to the passdb of that name`() throws {
    let query = "SELECT password FROM users WHERE name = '%{user}'"
    let imported = try imported(
      Self.mysql + Self.passwords(query) + "userdb static {\n  fields {\n    home = /m/%{user}\n  }\n}\n"
        + "protocol pop3 {\n  passdb sql {\n    query = \(query) AND pop3 = 1\n  }\n}\n")
    #expect(imported.line("panel")?.contains("{address} AND pop3 = 1") == true, "\(imported.yaml)")
    #expect(imported.line("panel2") == nil)
  }

  @Test func `the protocol may ask elsewhere`() throws {
    let imported = try imported(
      "passdb ldap {\n  bind = yes\n  filter = (mail=%{user})\n}\nprotocol pop3 {\n  ldap_base = ou=pop,o=x\n}\n"
        + "protocol imap {\n  ldap_base = ou=imap,o=x\n}\n", Self.directory)
    #expect(imported.line("staff")?.contains("base: \"ou=pop,o=x\"") == true, "\(imported.yaml)")
  }

  @Test func `a variable of 2.3 is a text`() throws {
    let imported = try imported(Self.mysql + Self.passwords("SELECT password FROM users WHERE name = '%u'"))
    #expect(!imported.yaml.contains("sql:") && imported.different.contains("more than a variable"))
  }

  @Test func `certificates of a directory that Dovecot does not verify are named`() throws {
    let imported = try imported(
      "passdb ldap {\n  bind = yes\n  filter = (mail=%{user})\n}\n",
      Self.directory.replacing("ca_file", with: "require_valid_cert = no\n  ca_file"))
    #expect(imported.different.contains("is verified"), "\(imported.text)")
  }
}
