import Foundation
import Testing

@Suite struct CertNewTests {
  let workspace: CertWorkspace
  private static let extensions = ["crt", "csr", "key"]

  init() throws { workspace = try CertWorkspace() }

  @Test(arguments: ["ec", "rsa2048", "rsa3072"])
  func `openssl accepts what is made`(keyType: String) throws {
    let made = try workspace.cert(
      "new", "Mail.Example.ORG", "*.example.net", "192.0.2.10", "2001:db8::10", "--out", "tls", "--key-type",
      keyType,
      "--days", "30")
    #expect(made.code == 0 && made.errors.isEmpty)
    let (key, crt, csr) = ("tls/mail.example.org.key", "tls/mail.example.org.crt", "tls/mail.example.org.csr")

    try workspace.openssl("verify", "-CAfile", crt, "-purpose", "sslserver", crt)
    try workspace.openssl("req", "-in", csr, "-verify", "-noout")
    for check in [
      ["-checkhost", "mail.example.org"], ["-checkhost", "imap.example.net"], ["-checkip", "2001:db8::10"],
    ] {
      let answer = try workspace.openssl(["x509", "-in", crt, "-noout"] + check)
      #expect(answer.contains("does match"))
    }
    #expect(
      try workspace.openssl("req", "-in", csr, "-noout", "-text")
        .contains(
          "DNS:mail.example.org, DNS:*.example.net, IP Address:192.0.2.10, IP Address:2001:DB8:0:0:0:0:0:10"))
    let publicKeys = [
      try workspace.openssl("pkey", "-in", key, "-pubout"),
      try workspace.openssl("x509", "-in", crt, "-noout", "-pubkey"),
      try workspace.openssl("req", "-in", csr, "-noout", "-pubkey"),
    ]
    #expect(Set(publicKeys).count == 1)
    _ = try workspace.openssl("x509", "-in", crt, "-noout", "-checkend", "\(29 * 86400)")

    let fingerprint = try workspace.openssl("x509", "-in", crt, "-noout", "-fingerprint", "-sha256")
      .split(separator: "=").last.map { $0.trimmingCharacters(in: .newlines) }
    #expect(made.output.contains(try #require(fingerprint)))
  }

  @Test func `nobody else may read the key, and nothing else is left`() throws {
    _ = try workspace.cert("new", "a.test", "--out", "tls")
    #expect(workspace.names(in: "tls") == ["a.test.crt", "a.test.csr", "a.test.key"])
    #expect(workspace.mode("tls/a.test.key") == 0o600)
    #expect(workspace.mode("tls/a.test.crt") == 0o644)
  }

  @Test(arguments: extensions)
  func `one file that exists keeps all from being made`(extension: String) throws {
    try workspace.write("precious", to: "a.test.\(`extension`)")
    let made = try workspace.cert("new", "a.test", "--out", ".")
    #expect(made.code == 1)
    #expect(
      made.errors.hasSuffix("/a.test.\(`extension`) exists and nothing was changed; --force replaces it\n"))
    #expect(workspace.names() == ["a.test.\(`extension`)"])
    #expect(workspace.text("a.test.\(`extension`)") == "precious")
  }

  @Test func `force replaces all three`() throws {
    _ = try workspace.cert("new", "a.test", "--out", ".")
    let old = Self.extensions.map { workspace.text("a.test.\($0)") }
    #expect(try workspace.cert("new", "a.test", "--out", ".", "--force").code == 0)
    for (text, name) in zip(old, Self.extensions) { #expect(workspace.text("a.test.\(name)") != text) }
    #expect(workspace.names().count == 3)
    #expect(workspace.mode("a.test.key") == 0o600)
  }

  @Test(arguments: ["crt", "csr"])
  func `a replacement that fails half-way leaves the old files`(obstacle: String) throws {
    _ = try workspace.cert("new", "a.test", "--out", ".")
    let key = workspace.text("a.test.key")
    try FileManager.default.removeItem(atPath: workspace.path("a.test.\(obstacle)"))
    try FileManager.default.createDirectory(
      atPath: workspace.path("a.test.\(obstacle)"), withIntermediateDirectories: false)
    #expect(try workspace.cert("new", "a.test", "--out", ".", "--force").code == 1)
    #expect(workspace.text("a.test.key") == key)
    #expect(workspace.names() == ["a.test.crt", "a.test.csr", "a.test.key"])
  }

  @Test func `a link in place of the key is not followed`() throws {
    try FileManager.default.createSymbolicLink(
      atPath: workspace.path("a.test.key"), withDestinationPath: workspace.path("elsewhere"))
    #expect(try workspace.cert("new", "a.test", "--out", ".").code == 1)
    #expect(workspace.names() == ["a.test.key"])
    #expect(try workspace.cert("new", "a.test", "--out", ".", "--force").code == 0)
    #expect(workspace.bytes("elsewhere") == nil)
    #expect(workspace.mode("a.test.key") == 0o600)
  }

  @Test func `a directory made for nothing goes again`() throws {
    let label = String(repeating: "a", count: 61)
    let made = try workspace.cert("new", [label, label, label, label].joined(separator: "."), "--out", "tls")
    #expect(made.code == 1)
    #expect(workspace.names().isEmpty)
    #expect(
      try workspace.cert("new", "a.test", "--out", "missing/tls").errors.contains(
        "/missing/tls\n"))
  }

  @Test(arguments: [
    ("*.example.org", "_wildcard.example.org"), ("2001:DB8::1", "2001-db8--1"), ("192.0.2.1", "192.0.2.1"),
  ])
  func `files are named safely`(name: String, file: String) throws {
    #expect(try workspace.cert("new", name, "--out", ".").code == 0)
    #expect(workspace.names().contains(file + ".key"))
  }

  @Test(arguments: [
    ["a b.test"], ["../a.test"], ["a..test"], [""], ["*"], ["a.*.test"], ["010.0.0.1"], ["10.0.0.256"],
    ["1.2.3"],
    ["::ffff:192.0.2.1"], ["fe80::1%eth0"], ["m\u{fc}ller.test"], ["a.test", "b/c"], ["a.test,DNS:b.test"],
    ["a.-b.test"],
    ["a.test\n"], ["a.test", "--days", "0"], ["a.test", "--days", "40000"], ["a.test", "--key-type", "dsa"],
    [],
  ])
  func `what is not a name is wrong usage`(arguments: [String]) throws {
    let made = try workspace.run(["new"] + arguments + ["--out", "tls"])
    #expect(made.code == 2)
    #expect(made.output.isEmpty && !made.errors.isEmpty)
    #expect(workspace.names().isEmpty)
  }
}
