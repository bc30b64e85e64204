import Foundation
import Testing

/// Tests `ocean check`, `plan` and `serve` with real certificates, made by the openssl command.
struct CertificateTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try make("main")
    try writeConfig()
  }

  /// Makes a key and a self-signed certificate that is valid for 90 days.
  private func make(
    _ name: String, _ key: [String] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    names: String = "DNS:mail.example.org,IP:192.0.2.1"
  ) throws {
    let command = try workspace.run(
      "openssl",
      ["req", "-x509", "-newkey"] + key + [
        "-days", "90", "-subj", "/CN=mail.example.org", "-addext",
        "subjectAltName=\(names)",
        "-keyout", workspace.path("\(name).key"), "-out", workspace.path("\(name).pem"),
      ])
    try #require(command.status == .exited(0), "\(command.errorOutput)")
    chmod(workspace.path("\(name).key"), 0o600)
  }

  private func writeConfig(key: String = "main.key", passphrase: String? = nil) throws {
    try workspace.writeConfig(service: ["tls: { implicit: [1995] }"])
    let secret = passphrase.map { ", passphrase: \($0)" } ?? ""
    try workspace.write(
      workspace.read("ocean.yaml") + "certificates: { main: { chain: main.pem, key: \(key)\(secret) } }\n",
      to: "ocean.yaml")
  }

  private func check() throws -> Command { try workspace.ocean("check", workspace.path("ocean.yaml")) }

  private func check(at time: String) throws -> Command {
    try workspace.ocean("check", workspace.path("ocean.yaml"), "--at", time)
  }

  @Test func `a certificate is shown as it is, and what libssl does with it`() throws {
    #expect(try check().status == .exited(0))
    let plan = try workspace.ocean("plan", workspace.path("ocean.yaml"))
    #expect(plan.status == .exited(0), "\(plan.errorOutput)")
    for text in [
      "CN=mail.example.org", "mail.example.org, 192.0.2.1", "EC P-256", "days left)", ":1995 TLS",
      "intermediate: TLS 1.2, TLS 1.3",
    ] { #expect(plan.output.contains(text), "\(text)") }
    let fingerprint = try workspace.run(
      "openssl", ["x509", "-in", workspace.path("main.pem"), "-noout", "-fingerprint", "-sha256"])
    let digits = fingerprint.output.split(separator: "=").last?.replacing(":", with: "").lowercased() ?? ""
    #expect(digits.count > 64 && plan.output.contains(digits.prefix(16)))
  }

  @Test func `time makes a difference`() throws {
    let then = try check(at: "2099-01-01T00:00:00Z")
    #expect(then.status == .exited(1))
    #expect(then.output.contains("OC0322") && then.output.contains("expired"))
    #expect(try check(at: "2001-01-01T00:00:00+02:00").output.contains("is not valid before"))
    #expect(try check(at: "tomorrow").status == .exited(2))
  }

  @Test func `a key of another certificate, one that everybody can read, one that is none`() throws {
    try make("other")
    try writeConfig(key: "other.key")
    #expect(try check().output.contains("error[OC0319]"))

    chmod(workspace.path("main.key"), 0o644)
    try writeConfig()
    #expect(try check().output.contains("error[OC0320]"))

    try workspace.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", to: "main.pem")
    #expect(try check().output.contains("main.pem:1: what begins here is cut off or damaged"))
    try FileManager.default.removeItem(atPath: workspace.path("main.pem"))
    #expect(try check().output.contains("error[OC0317]"))
  }

  @Test func `chain and key in each other's place`() throws {
    try workspace.write(
      workspace.read("ocean.yaml").replacing(
        "chain: main.pem, key: main.key", with: "chain: main.key, key: main.pem"), to: "ocean.yaml")
    let check = try check()
    #expect(check.status == .exited(1))
    #expect(
      check.output.contains(
        "error[OC0318]: chain and key are swapped: \(workspace.path("main.key")) holds a private key\n"))
    #expect(!check.output.contains("OC0320"), "a certificate may be read by everybody")
  }

  @Test func `a file without a key exposes none`() throws {
    try workspace.write("", to: "main.key")
    chmod(workspace.path("main.key"), 0o644)
    let check = try check()
    #expect(check.output.contains("error[OC0318]: \(workspace.path("main.key")) holds no private key"))
    #expect(!check.output.contains("OC0320"))
  }

  @Test func `a chain that ends below a root is not a warning`() throws {
    for arguments in [
      [
        "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj",
        "/CN=Own CA",
      ],
      [
        "req", "-new", "-newkey", "ed25519", "-nodes", "-keyout", "main.key", "-out", "main.csr", "-subj",
        "/CN=mail.example.org", "-addext", "subjectAltName=DNS:mail.example.org",
      ],
      [
        "x509", "-req", "-in", "main.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-out", "main.pem",
        "-copy_extensions", "copyall", "-days", "90",
      ],
    ] {
      let files = arguments.map { $0.contains(/^(ca|main)\./) ? workspace.path($0) : $0 }
      let made = try workspace.run("openssl", files)
      try #require(made.status == .exited(0), "\(made.errorOutput)")
    }
    chmod(workspace.path("main.key"), 0o600)
    let check = try check()
    #expect(
      check.output.contains(
        "note[OC0412]: \(workspace.path("main.pem")) ends with a certificate that CN=Own CA issued"))
    let known = try workspace.run(
      try oceanBinary(), ["check", workspace.path("ocean.yaml")],
      environment: ["SSL_CERT_FILE": workspace.path("ca.pem")])
    #expect(!known.output.contains("OC0412"), "\(known.output)")
  }

  @Test func `a certificate that was replaced is an input that changed`() throws {
    let server = try Server(workspace)
    func inputs() throws -> String {
      let plan = try workspace.ocean("plan", workspace.path("ocean.yaml"))
      return plan.output.split(separator: "\n").first { $0.hasPrefix("inputs") }.map(String.init)
        ?? plan.output
    }
    #expect(try inputs() == "inputs    unchanged")
    try make("main")
    #expect(try inputs() == "inputs    changed since: \(workspace.path("main.pem"))")
    // The running plan has the new certificate after the next look.
    try server.reload()
    #expect(try inputs() == "inputs    unchanged")
    let plan = try workspace.ocean("plan", workspace.path("ocean.yaml"), "--out", workspace.path("plan.json"))
    #expect(plan.status == .exited(0), "\(plan.errorOutput)")
    let hash = try workspace.run("sha256sum", [workspace.path("main.key"), workspace.path("users.passwd")])
    for line in hash.output.split(separator: "\n") {
      #expect(!workspace.read("plan.json").contains(line.prefix(64)), "the hash of a secret")
    }
    try server.stop()
  }

  @Test func `passphrases come from files, and are not shown`() throws {
    try make("main", ["rsa:2048", "-passout", "pass:\(Workspace.secret)"])
    try writeConfig()
    #expect(try check().output.contains("is encrypted"))
    try workspace.write("\(Workspace.secret)\n", to: "phrase")
    try writeConfig(passphrase: "{ file: phrase }")
    let right = try check()
    #expect(right.status == .exited(0), "\(right.output)")
    try workspace.write("\(Workspace.secret)x", to: "phrase")
    let wrong = try check()
    #expect(wrong.output.contains("the passphrase is not that of the key"))
    workspace.expectNoSecret(in: wrong.output + wrong.errorOutput)
    // Only systemd has the credential.
    try writeConfig(passphrase: "{ credential: phrase }")
    let unknown = try check()
    #expect(unknown.status == .exited(0))
    #expect(unknown.output.contains("not checked: credential phrase"))
  }

  @Test func `a saved plan runs with its certificate renewed, and with no other`() throws {
    let saved = workspace.path("saved.plan")
    try #require(
      try workspace.ocean("plan", workspace.path("ocean.yaml"), "--out", saved).status == .exited(0))
    try make("main")
    try Server(workspace, serving: "saved.plan").stop()
    try make("main", names: "DNS:pop.example.org")
    let server = try workspace.ocean("serve", saved)
    #expect(server.status == .exited(1))
    #expect(server.errorOutput.contains("the certificate 'main' has changed since the plan was made"))
  }
}
