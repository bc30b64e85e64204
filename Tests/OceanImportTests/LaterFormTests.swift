import OceanImport
import Testing

/// The config of Dovecot 2.4 means what the same config of 2.3 means.
struct LaterFormTests {
  /// A config without its comments, which name settings.
  private static func plain(_ yaml: String) -> String {
    yaml.split(separator: "\n").map { line in
      line.firstRange(of: "  #").map { line[..<$0.lowerBound] } ?? line
    }.joined(separator: "\n")
  }

  @Test(arguments: [
    ("", ""),
    ("auth_default_realm = example.org", "auth_default_domain = example.org"),
    ("disable_plaintext_auth = no", "auth_allow_cleartext = yes"),
    ("disable_plaintext_auth = yes", "auth_allow_cleartext = no"),
    ("ssl = required", "ssl = required"),
    ("auth_mechanisms = plain login", "auth_mechanisms = plain login"),
    ("auth_mechanisms = plain login", "auth_mechanisms {\n  plain = yes\n  login = yes\n}"),
    ("protocols = imap pop3", "protocols {\n  imap = yes\n  pop3 = yes\n}"),
    (
      "mail_location = maildir:~/Maildir\nmail_home = /m/%d/%n",
      "mail_path = ~/Maildir\nmail_home = /m/%{user | domain}/%{user | username}"
    ),
    (
      "mail_location = maildir:/m/%Lu:INBOX=/i/%n:INDEX=/x",
      "mail_path = /m/%{user|lower}\nmail_inbox_path = /i/%{ user | username }\nmail_index_path = /x"
    ),
    ("mail_location = maildir:/m/a::b/%n", "mail_path = /m/a:b/%{user | username}"),
    (
      "userdb {\n  driver = static\n  args = uid=mail home=/h/%n\n}\nmail_location = maildir:~/Maildir",
      "userdb static {\n  fields {\n    uid = mail\n    home = /h/%{user | username}\n  }\n}\nmail_path = ~/Maildir"
    ),
    (
      "userdb {\n  driver = static\n  args = mail=maildir:/h/%n\n}",
      "userdb static {\n  fields {\n    mail_path = /h/%{user | username}\n  }\n}"
    ),
    (
      "userdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n  default_fields = home=/h/%n\n}\n"
        + "mail_location = maildir:~/Maildir",
      "userdb passwd-file {\n  passwd_file_path = /etc/dovecot/users\n  fields {\n"
        + "    home:default = /h/%{user | username}\n  }\n}\nmail_path = ~/Maildir"
    ),
    (
      "userdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n  override_fields = home=/h/%n\n}\n"
        + "mail_location = maildir:~/Maildir",
      "userdb db1 {\n  userdb_driver = passwd-file\n  passwd_file_path = /etc/dovecot/users\n  userdb_fields {\n"
        + "    home = /h/%{user | username}\n  }\n}\nmail_path = ~/Maildir"
    ),
    ("pop3_uidl_format = %v.%u", "pop3_uidl_format = %{uidvalidity}.%{uid}"),
    ("pop3_uidl_format = %08Xu%08Xv", "pop3_uidl_format = %{uid | hex(8)}%{uidvalidity | hex(8)}"),
    (
      "service pop3-login {\n  inet_listener pop3 {\n    port = 0\n  }\n  inet_listener pop3s {\n    address = 192.0.2.1\n"
        + "    port = 995\n    ssl = yes\n  }\n}",
      "service pop3-login {\n  inet_listener pop3 {\n    port = 0\n  }\n  inet_listener pop3s {\n    listen = 192.0.2.1\n"
        + "    port = 995\n    ssl = yes\n  }\n}"
    ),
    (
      "local_name mx.example.net {\n  ssl_cert = </etc/ssl/net.pem\n  ssl_key = </etc/ssl/net.key\n}",
      "local_name mx.example.net {\n  ssl_server {\n    cert_file = /etc/ssl/net.pem\n    key_file = /etc/ssl/net.key\n  }\n}"
    ),
    (
      "remote 10.0.0.0/8 {\n  disable_plaintext_auth = no\n}",
      "remote 10.0.0.0/8 {\n  auth_allow_cleartext = yes\n}"
    ),
    (
      "mail_plugins = quota\nplugin {\n  quota = count:User quota\n}",
      "mail_plugins {\n  quota = yes\n}\nquota \"User quota\" {\n  storage_size = 1G\n}"
    ),
    (
      "passdb {\n  args = /etc/dovecot/more\n  driver = passwd-file\n}",
      "passdb more {\n  driver = passwd-file\n  passwd_file_path = /etc/dovecot/more\n}"
    ),
    ("passdb {\n  args = x\n  driver = sql\n}", "passdb sql {\n  query = SELECT 1\n}"),
  ])
  func `both forms make one config`(_ earlier: String, _ later: String) throws {
    let first = try Imported(sound(earlier))
    let second = try Imported(soundLater(later), version: "2.4.1-4")
    #expect(Self.plain(first.yaml) == Self.plain(second.yaml))
    #expect(first.openCount == second.openCount, "\(first.text)\n\(second.text)")
  }

  @Test func `findings have the names of the config's own version`() throws {
    let imported = try Imported(
      soundLater(
        "ssl_server_dh_file = /x\nssl_server_prefer_ciphers = server\nauth_ssl_require_client_cert = yes"),
      version: "2.4.1")
    #expect(imported.text.contains("ssl_server_prefer_ciphers = server"), "\(imported.text)")
    #expect(imported.yaml.contains("# mail_path"), "\(imported.yaml)")
    #expect(imported.yaml.contains("# ssl_server_cert_file"), "\(imported.yaml)")
  }

  @Test func `a password for all is not shown`() throws {
    let imported = try Imported(
      soundLater("passdb static {\n  password = hunter2\n}\nssl_server_key_password = hunter2"),
      version: "2.4.1")
    #expect(imported.openCount == 2)
    #expect(!(imported.yaml + imported.text).contains("hunter2"))
  }

  @Test func `without protocols nothing was served`() throws {
    let text = soundLater().replacing("protocols {\n  pop3 = yes\n}\n", with: "")
    #expect(try Imported(text, version: "2.4.1").open.contains("did not serve POP3"))
  }

  @Test func `a file that names its version needs no head`() throws {
    let config = try DovecotParser.parse(Array(soundLater().utf8))
    #expect(Translation(config, host: .elsewhere).config.text(head: []).contains("/m/{domain}/{user}"))
  }
}
