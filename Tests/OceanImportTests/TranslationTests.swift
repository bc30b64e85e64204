import OceanImport
import Testing

struct TLSTranslationTests {
  @Test func `logins that need TLS do not become clear text`() throws {
    let imported = try Imported(
      sound("ssl = required\ndisable_plaintext_auth = no").replacing("ssl_cert =", with: "ssl_ca ="))
    #expect(
      imported.line("explicit") == "explicit: required" && imported.line("implicit") == "implicit: [995]")
    #expect(imported.line("plaintext_login") == "plaintext_login: loopback")
    #expect(imported.open.contains("there is no certificate"))
  }

  @Test func `names have a certificate each, and share what is one`() throws {
    func name(_ host: String, _ file: String) -> String {
      "local_name \(host) {\n  ssl_cert = </etc/ssl/\(file).pem\n  ssl_key = </etc/ssl/\(file).key\n}\n"
    }
    let imported = try Imported(
      sound(
        name("b.example", "b") + name("*.b.example", "wild") + name("c.example", "b") + name("b-example", "d")
      ))
    #expect(imported.line("certificate") == "certificate: [main, b-example, any-b-example, b-example-2]")
    #expect(
      imported.yaml.contains("chain: /etc/ssl/wild.pem") && imported.yaml.contains("chain: /etc/ssl/d.pem"))
    #expect(imported.openCount == 0)
  }

  @Test func `what doveconf prints in two parts is one name`() throws {
    let imported = try Imported(
      sound(
        "local_name b.example {\n  ssl_cert = </b.pem\n}\nlocal_name b.example {\n  protocol pop3 {\n"
          + "    ssl_key = </b.key\n  }\n}\n"))
    #expect(imported.yaml.contains("chain: /b.pem") && imported.yaml.contains("key: /b.key"))
    #expect(!imported.yaml.contains("main.key\n    key") && imported.openCount == 0)
  }

  @Test func `names that a certificate is not for are told`() throws {
    let text = sound("local_name a.example *.b.example {\n  ssl_cert = </b.pem\n  ssl_key = </b.key\n}\n")
    #expect(try Imported(text).different.contains("could not be read here"))
    let right = try Imported(text, certificates: ["/b.pem": ["a.example", "any.b.example"]])
    #expect(!right.different.contains("local_name"))
    let wrong = try Imported(text, certificates: ["/b.pem": ["a.example"]])
    #expect(wrong.different.contains("local_name *.b.example /b.pem is not for that name"))
  }

  @Test func `a second certificate for other clients is taken over`() throws {
    let imported = try Imported(sound("ssl_alt_cert = </alt.pem\nssl_alt_key = </alt.key"))
    #expect(imported.line("certificate") == "certificate: [main, main-alt]")
    #expect(imported.yaml.contains("key: /alt.key"))
  }

  @Test func `a relative path is one of two`() throws {
    let text = sound().replacing("</etc/ssl/", with: "<")
    let unknown = try Imported(text)
    #expect(unknown.yaml.contains("chain: /etc/dovecot/main.pem") && unknown.openCount > 0)
    let found = try Imported(
      text, files: ["/etc/dovecot/conf.d/main.pem": "", "/etc/dovecot/conf.d/main.key": ""])
    #expect(found.yaml.contains("chain: /etc/dovecot/conf.d/main.pem") && found.openCount == 0)
  }

  @Test func `a setting for a name is not lost`() throws {
    let imported = try Imported(sound("local_name a.example {\n  ssl_min_protocol = TLSv1\n}\n"))
    #expect(imported.open.contains("local_name a.example { ssl_min_protocol }"))
  }
}

struct FilterTranslationTests {
  @Test func `clients that may do without TLS are named`() throws {
    let imported = try Imported(
      sound(
        "remote 10.1.2.7/24 {\n  disable_plaintext_auth = no\n}\nlogin_trusted_networks = 192.0.2.0/24\n"))
    #expect(
      imported.line("plaintext_login") == "plaintext_login: [127.0.0.0/8, \"::1\", 192.0.2.0/24, 10.1.2.0/24]"
    )
    #expect(imported.openCount == 0)
  }

  @Test func `where TLS is required for all it stays so`() throws {
    let more = "ssl = required\nremote 10.1.2.0/24 {\n  disable_plaintext_auth = no\n}\n"
    #expect(try Imported(sound(more)).line("plaintext_login") == "plaintext_login: loopback")
    let exempt = more.replacing("= no", with: "= no\n  ssl = yes")
    #expect(try Imported(sound(exempt)).line("plaintext_login")?.contains("10.1.2.0/24") == true)
  }

  @Test(arguments: [
    ("remote 10.0.0.0/8 {\n  ssl = required\n}", "remote 10.0.0.0/8 { ssl }"),
    ("local 192.0.2.1 {\n  ssl_cert = </x.pem\n}", "local 192.0.2.1 { ssl_cert }"),
    (
      "local 192.0.2.1 {\n  remote 10.0.0.0/8 {\n    ssl = no\n  }\n}",
      "local 192.0.2.1, remote 10.0.0.0/8 { ssl }"
    ),
    (
      "local 192.0.2.1 {\n  local_name z.example {\n    ssl_cert = </z.pem\n  }\n}",
      "local_name z.example { ssl_cert }"
    ),
  ])
  func `what holds for some clients is to be decided`(_ more: String, _ title: String) throws {
    #expect(try Imported(sound(more)).open.contains(title))
  }

  @Test func `filters of other protocols are not needed`() throws {
    let imported = try Imported(sound("local 192.0.2.1 {\n  protocol imap {\n    ssl_cert = </x.pem\n  }\n}"))
    #expect(imported.openCount == 0 && imported.needless.contains("other protocols"))
  }

  @Test func `what is said of POP3 counts more`() throws {
    let imported = try Imported(
      sound("protocol pop3 {\n  mail_plugins = \n  pop3_uidl_format = %g\n}\nmail_plugins = zlib\n"))
    #expect(imported.yaml.contains("%g") && imported.openCount == 0)
    #expect(try Imported(sound("protocol !imap {\n  mail_plugins = zlib\n}")).openCount == 1)
  }
}
