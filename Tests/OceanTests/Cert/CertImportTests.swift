import Foundation
import Testing

@Suite struct CertImportTests {
  let workspace: CertWorkspace
  let authority: CertAuthority
  private let key = "own/mail.example.org.key"

  init() throws {
    workspace = try CertWorkspace()
    authority = try CertAuthority(in: workspace)
  }

  private func join(_ names: [String], as name: String) throws {
    try workspace.write(names.map { workspace.text($0) }.joined(), to: name)
  }

  private var complete: String { workspace.text("leaf.crt") + workspace.text("intermediate.crt") }

  @Test(arguments: [
    ["leaf", "intermediate", "root"], ["leaf", "root", "intermediate"], ["root", "intermediate", "leaf"],
    ["intermediate", "leaf"], ["root", "leaf", "intermediate", "leaf"],
  ])
  func `a file in any order becomes leaf first without the root`(order: [String]) throws {
    try join(order.map { $0 + ".crt" }, as: "answer.pem")
    let result = try workspace.cert("import", "answer.pem", "--key", key, "--out", "chain.pem")
    #expect(result.code == 0 && result.errors.isEmpty)
    #expect(workspace.text("chain.pem") == complete)
    #expect(result.output.contains("the root: clients have it") == order.contains("root"))
    #expect(result.output.contains("mail.example.org, 192.0.2.10"))
    #expect(!result.output.contains("warning"))
    try workspace.openssl("verify", "-CAfile", "root.crt", "-untrusted", "chain.pem", "chain.pem")
  }

  @Test func `issuers come from further files, strangers stay out`() throws {
    _ = try workspace.cert("new", "stranger.test", "--out", ".")
    let result = try workspace.cert(
      "import", "leaf.crt", "--chain", "stranger.test.crt", "intermediate.crt", "--key", key, "--out",
      "chain.pem")
    #expect(result.code == 0)
    #expect(workspace.text("chain.pem") == complete)
    #expect(result.output.contains("CN=stranger.test (not an issuer of this certificate)"))
  }

  @Test func `a missing intermediate is named`() throws {
    let result = try workspace.cert("import", "leaf.crt", "--key", key, "--out", "chain.pem")
    #expect(result.code == 0)
    #expect(result.output.contains("warning: the certificate of its issuer is missing, CN=Test Intermediate"))
    #expect(workspace.text("chain.pem") == workspace.text("leaf.crt"))
  }

  @Test func `a CA that the host knows is nothing to mention`() throws {
    try join(["leaf.crt", "intermediate.crt"], as: "answer.pem")
    let arguments = ["import", "answer.pem", "--key", key, "--out", "chain.pem", "--force"]
    #expect(try workspace.run(arguments).output.contains("note: this host does not know the CA CN=Test Root"))
    let trusted = try workspace.run(arguments, environment: ["SSL_CERT_FILE": workspace.path("root.crt")])
    #expect(!trusted.output.contains("note:"))
  }

  @Test func `the key of another certificate changes nothing`() throws {
    _ = try workspace.cert("new", "other.test", "--out", ".")
    let result = try workspace.cert("import", "leaf.crt", "--key", "other.test.key", "--out", "chain.pem")
    #expect(result.code == 1)
    #expect(result.errors.contains("the key other.test.key is not that of the certificate in leaf.crt"))
    #expect(workspace.bytes("chain.pem") == nil)
  }

  @Test func `a file is replaced as a whole, on request`() throws {
    let out = "own/mail.example.org.crt"
    let old = workspace.text(out)
    let refused = try workspace.cert("import", "leaf.crt", "--key", key, "--out", out)
    #expect(refused.code == 1 && refused.errors.contains("--force"))
    #expect(workspace.text(out) == old)

    let reader = try #require(FileHandle(forReadingAtPath: workspace.path(out)))
    let result = try workspace.cert(
      "import", "leaf.crt", "--chain", "intermediate.crt", "--key", key, "--out", out, "--force")
    #expect(result.code == 0)
    #expect(workspace.text(out) == complete)
    #expect(String(decoding: reader.readDataToEndOfFile(), as: UTF8.self) == old)
    #expect(workspace.names(in: "own").count == 3)
  }

  @Test func `names that get lost are named`() throws {
    try workspace.openssl(
      "req", "-new", "-key", key, "-subj", "/CN=new.test", "-addext", "subjectAltName=DNS:new.test", "-out",
      "new.csr")
    try authority.sign("new.csr", as: "new.crt")
    let result = try workspace.cert(
      "import", "new.crt", "--key", key, "--out", "own/mail.example.org.crt", "--force")
    #expect(result.code == 0)
    #expect(
      result.output.contains("warning: the certificate it replaces was also for mail.example.org, 192.0.2.10")
    )
  }

  @Test func `a key is never replaced`() throws {
    let old = workspace.text(key)
    for force in [[], ["--force"]] {
      #expect(try workspace.run(["import", "leaf.crt", "--key", key, "--out", key] + force).code == 1)
    }
    #expect(workspace.text(key) == old)
  }

  @Test func `an encrypted key needs its passphrase`() throws {
    try workspace.openssl("pkey", "-in", key, "-aes128", "-passout", "pass:open sesame", "-out", "locked.key")
    try workspace.write("open sesame\n", to: "right")
    try workspace.write("open sesam\n", to: "wrong")
    func outcome(_ more: String...) throws -> CertWorkspace.Outcome {
      try workspace.run(["import", "leaf.crt", "--key", "locked.key", "--out", "chain.pem"] + more)
    }
    #expect(
      try outcome().errors.contains("locked.key is encrypted; give its passphrase with --passphrase-file"))
    #expect(
      try outcome("--passphrase-file", "wrong").errors
        == "ocean: the passphrase is not that of the key locked.key\n")
    #expect(workspace.bytes("chain.pem") == nil)
    let opened = try outcome("--passphrase-file", "right")
    #expect(opened.code == 0)
    #expect(!opened.output.contains("sesame"))
  }

  @Test func `what expired is not put in place`() throws {
    // No other command of openssl makes a certificate for a time that is over.
    try workspace.write(
      "[ca]\ndefault_ca=own\n[own]\ndatabase=index\nnew_certs_dir=.\nserial=serial\n"
        + "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n", to: "ca.conf")
    try workspace.write("", to: "index")
    try workspace.openssl(
      "ca", "-batch", "-notext", "-config", "ca.conf", "-selfsign", "-create_serial", "-keyfile", key, "-in",
      "own/mail.example.org.csr", "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-out",
      "old.crt")
    let result = try workspace.cert("import", "old.crt", "--key", key, "--out", "chain.pem")
    #expect(result.code == 1)
    #expect(result.errors.contains("nothing was written: the certificate expired"))
    #expect(workspace.bytes("chain.pem") == nil)
  }

  @Test(arguments: [
    ("", "is empty"), ("hello\n", "holds no certificate in PEM"),
    ("\u{0}\u{1}\u{2}", "holds no certificate in PEM"),
    (
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "answer:1: what begins here is cut off"
    ),
    ("\n-----BEGIN CERTIFICATE-----\nAAAA\n", "answer:2: what begins here is cut off"),
    (
      "-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n",
      "answer:1: PKCS#7 instead of certificates: convert it to PEM: openssl pkcs7"
    ),
    (
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      "holds a private key and no certificate"
    ),
    ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "a signing request"),
  ])
  func `what is not a certificate is said in a sentence`(text: String, sentence: String) throws {
    try workspace.write(text, to: "answer")
    for arguments in [["answer"], ["leaf.crt", "--chain", "answer"]] {
      let result = try workspace.run(["import"] + arguments + ["--key", key, "--out", "chain.pem"])
      #expect(result.code == 1)
      #expect(result.errors.contains(sentence) && result.errors.split(separator: "\n").count == 1)
      #expect(workspace.bytes("chain.pem") == nil)
    }
  }
}
