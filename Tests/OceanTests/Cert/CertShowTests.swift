import Foundation
import Testing

@Suite struct CertShowTests {
  let workspace: CertWorkspace
  let authority: CertAuthority
  private let key = "own/mail.example.org.key"

  init() throws {
    workspace = try CertWorkspace()
    authority = try CertAuthority(in: workspace)
    try workspace.write(workspace.text("leaf.crt") + workspace.text("intermediate.crt"), to: "chain.pem")
  }

  private func json(_ arguments: String...) throws -> [String: Any] {
    let shown = try workspace.run(["show"] + arguments + ["--format", "json"])
    #expect(shown.errors == "")
    return try #require(try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any])
  }

  private func messages(_ object: [String: Any], _ severity: String) -> [String] {
    (object["findings"] as? [[String: String]] ?? []).filter { $0["severity"] == severity }.compactMap {
      $0["message"]
    }
  }

  // MARK: - Files

  @Test func `what a file holds`() throws {
    let shown = try workspace.cert("show", "chain.pem", "--key", key)
    #expect(shown.code == 0)
    let fingerprint = try workspace.openssl("x509", "-in", "leaf.crt", "-noout", "-fingerprint", "-sha256")
    for part in [
      "subject      CN=mail.example.org\n", "names        mail.example.org, 192.0.2.10\n",
      "issuer       CN=Test Intermediate\n", " days left\n", "key          EC P-256\n",
      "signature    ecdsa-with-SHA256\n", "certificate 2\n",
      "2 certificates; \(key) is its key: 0 errors, 0 warnings\n",
    ] { #expect(shown.output.contains(part), "\(part)") }
    #expect(shown.output.contains(fingerprint.split(separator: "=").last ?? "?"))

    let object = try json("chain.pem", "--key", key)
    #expect(object["valid"] as? Bool == true)
    #expect(object["key_matches"] as? Bool == true)
    let certificates = try #require(object["certificates"] as? [[String: Any]])
    #expect(certificates.map { $0["subject"] as? String } == ["CN=mail.example.org", "CN=Test Intermediate"])
    #expect((89...90).contains(try #require(certificates.first?["days_left"] as? Int)))
  }

  @Test func `directly below a root no issuer is missing`() throws {
    try authority.sign("own/mail.example.org.csr", as: "answer.pem", by: "root")
    let imported = try workspace.cert(
      "import", "answer.pem", "--chain", "root.crt", "--key", key, "--out", "direct.pem")
    #expect(imported.code == 0 && imported.output.contains("left out"))
    let shown = try json("direct.pem", "--key", key)
    #expect(messages(shown, "warning") == [])
    #expect(
      messages(shown, "note") == [
        "its issuer is neither in it nor known to this host, CN=Test Root: right if that is a root, which clients "
          + "must be given; if not, get its certificate from the CA and add it after this one"
      ])
    let known = try workspace.run(
      ["show", "direct.pem", "--key", key], environment: ["SSL_CERT_FILE": workspace.path("root.crt")])
    #expect(!known.output.contains("issuer is neither in it"), "\(known.output)")
  }

  @Test func `what is wrong with a file`() throws {
    #expect(
      messages(try json("leaf.crt"), "warning").first?.hasPrefix(
        "the certificate of its issuer is missing, CN=Test Intermediate:") == true)
    let mismatch = try workspace.cert("show", "leaf.crt", "--key", "root.key")
    #expect(mismatch.code == 1)
    #expect(mismatch.output.contains("error: root.key is not the key of the certificate in leaf.crt"))
    let later = try json("chain.pem", "--at", "2100-01-01")
    #expect(later["valid"] as? Bool == false && later["time"] as? String == "2100-01-01T00:00:00Z")
    #expect(messages(later, "error").count == 2)
    #expect(
      messages(try json("chain.pem", "--at", "2000-01-01T12:00:00Z"), "error").first?.contains(
        "is not valid before") == true)
    try authority.sign("own/mail.example.org.csr", as: "short.crt", days: 10)
    #expect(messages(try json("short.crt"), "warning").contains { $0.hasPrefix("it expires in ") })
    chmod(workspace.path(key), 0o644)
    #expect(
      messages(try json("chain.pem", "--key", key), "warning") == [
        "every user of this host can read the key \(key): chmod o-r"
      ])
  }

  @Test func `what comes from a certificate does nothing to a terminal`() throws {
    try workspace.openssl(
      "req", "-x509", "-key", key, "-utf8", "-subj", "/CN=evil\u{202e}\u{1b}[2J/O=B\u{fc}cher", "-out",
      "evil.crt")
    for format in ["human", "json"] {
      let output = try workspace.cert("show", "evil.crt", "--format", format).output
      #expect(output.contains("O=B\u{fc}cher"))
      #expect(!output.unicodeScalars.contains("\u{202e}") && !output.unicodeScalars.contains("\u{1b}"))
    }
  }

  @Test(arguments: [
    (["nope.pem"], 1, "cannot read nope.pem: there is no such file"), (["."], 1, "it is a directory"),
    (["ca.ext"], 1, "ca.ext holds no certificate in PEM"),
    (["root.key"], 1, "root.key holds a private key and no certificate"),
    (["intermediate.csr"], 1, "a signing request"),
    (["leaf.crt", "--key", "leaf.crt"], 1, "leaf.crt holds no private key"),
    (["leaf.crt", "--key", "nope"], 1, "cannot read nope"),
    (["127.0.0.1:1"], 1, "cannot connect to 127.0.0.1:1: Connection refused"),
    (["leaf.crt", "--starttls"], 2, "for servers"), (["leaf.crt", "--name", "a.test"], 2, "for servers"),
    (["127.0.0.1:1", "--name", "a b"], 2, "is not a host name"),
    (["leaf.crt", "--at", "2026-02-30"], 2, "--at"),
    (["leaf.crt", "--at", "2026-1-1"], 2, "--at"), (["leaf.crt", "--format", "xml"], 2, "--format"),
    (["leaf.crt", "--passphrase-file", "x"], 2, "needs --key"), ([], 2, "file-or-server"),
    (["127.0.0.1:70000"], 1, "there is no such file"),
  ])
  func `what cannot be shown`(arguments: [String], code: Int32, sentence: String) throws {
    let shown = try workspace.run(["show"] + arguments)
    #expect(shown.code == code)
    #expect(shown.errors.contains(sentence))
    #expect(shown.output.isEmpty)
  }

  // MARK: - Servers

  private func serve(_ more: String...) throws -> CertServerProcess {
    try CertServerProcess(
      [
        "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "leaf.crt", "-cert_chain",
        "intermediate.crt", "-key", key,
      ]
        + more, in: workspace)
  }

  @Test func `what a server presents`() throws {
    let server = try serve()
    let object = try json("127.0.0.1:\(server.port)", "--name", "Mail.Example.Org")
    let parameters = try #require(object["server"] as? [String: Any])
    #expect(parameters["server_name"] as? String == "mail.example.org")
    #expect(parameters["protocol"] as? String == "TLS 1.3")
    #expect((parameters["cipher"] as? String)?.hasPrefix("TLS_") == true)
    #expect((object["certificates"] as? [Any])?.count == 2)
    #expect(messages(object, "warning").isEmpty)

    // Without a name, clients look for the address.
    #expect(
      messages(try json("127.0.0.1:\(server.port)"), "warning")
        == ["it is not for 127.0.0.1: clients that connect to that name refuse it"])
    #expect(try json("127.0.0.1:\(server.port)", "--key", key)["key_matches"] as? Bool == true)
    #expect(try workspace.cert("show", "127.0.0.1:\(server.port)", "--key", "root.key").code == 1)
  }

  @Test func `a server that is wrong in every way is shown`() throws {
    _ = try workspace.cert("new", "sni.test", "--out", ".")
    let server = try serve(
      "-servername", "sni.test", "-cert2", "sni.test.crt", "-key2", "sni.test.key", "-tls1_2")
    let shown = try workspace.cert(
      "show", "127.0.0.1:\(server.port)", "--name", "sni.test", "--at", "2100-01-01")
    #expect(shown.code == 1)
    #expect(shown.output.contains("subject      CN=sni.test\n"))
    #expect(shown.output.contains("protocol     TLS 1.2\n"))
    #expect(shown.output.contains("error: ") && shown.output.contains("expired"))
  }

  @Test func `a POP3 server is asked for STLS`() throws {
    try workspace.write(
      """
      import socket, ssl, sys
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain("chain.pem", "\(key)")
      listener = socket.create_server(("127.0.0.1", 0))
      print("ACCEPT 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
      while True:
          client, _ = listener.accept()
          try:
              client.sendall(b"+OK ready\\r\\n")
              line = client.recv(100)
              agrees = line == b"STLS\\r\\n" and "stls" in sys.argv
              client.sendall(b"+OK begin\\r\\n" if agrees else b"-ERR no\\r\\n")
              context.wrap_socket(client, server_side=True).close()
          except OSError:
              client.close()
      """, to: "server.py")
    let server = try CertServerProcess(["python3", "server.py", "stls"], in: workspace)
    let shown = try workspace.cert(
      "show", "127.0.0.1:\(server.port)", "--starttls", "--name", "mail.example.org")
    #expect(shown.code == 0)
    #expect(shown.output.contains("2 certificates: 0 errors, 0 warnings"))
    let plain = try workspace.cert("show", "127.0.0.1:\(server.port)")
    #expect(plain.code == 1)
    #expect(plain.errors.contains("greets in clear text; --starttls asks for TLS first"))

    let stubborn = try CertServerProcess(["python3", "server.py"], in: workspace)
    let refused = try workspace.cert("show", "127.0.0.1:\(stubborn.port)", "--starttls")
    #expect(refused.code == 1)
    #expect(refused.errors == "ocean: 127.0.0.1:\(stubborn.port) refuses STLS: -ERR no\n")
  }
}
