import Foundation
import Testing

/// Compares what `ocean diff` says about which certificate is shown to whom with what clients of a server get.
@Suite struct PresentedTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    let keys = [
      ("rsa", "rsa:2048", "mail.example.org"),
      ("ec", "ec -pkeyopt ec_paramgen_curve:P-256", "mail.example.org"),
      ("ed", "ed25519", "mail.example.org"), ("wild", "ec -pkeyopt ec_paramgen_curve:P-256", "*.example.net"),
      ("other", "rsa:2048", "shop.example.net"),
    ]
    let script = keys.map { name, key, host in
      """
      openssl req -x509 -newkey \(key) -nodes -days 90 -subj /CN=\(name) \
        -addext subjectAltName=DNS:\(host) -keyout \(name).key -out \(name).pem
      """
    }.joined(separator: "\n")
    let made = try workspace.run(
      "/bin/sh", ["-ec", "cd '\(workspace.directory.path)'\n\(script)\nchmod 600 *.key"])
    try #require(made.status == .exited(0), "\(made.errorOutput)")
  }

  private func writeConfig(_ certificates: [String], to file: String) throws {
    try workspace.writeConfig(service: [
      "plaintext_login: never",
      "tls: { implicit: [\(Workspace.tlsPort)], certificate: [\(certificates.joined(separator: ", "))] }",
    ])
    let all = ["rsa", "ec", "ed", "wild", "other"].map { "  \($0): { chain: \($0).pem, key: \($0).key }\n" }
    try workspace.write(workspace.read("ocean.yaml") + "\ncertificates:\n" + all.joined(), to: file)
  }

  private struct Diff: Decodable {
    struct Row: Decodable {
      struct Shown: Decodable {
        let certificate: String
        let fingerprint: String
      }
      let service: String
      let name: String?
      let keys: String
      let changed: Bool
      let before: Shown?
      let after: Shown?
    }
    let presented_certificates: [Row]
  }

  @Test(arguments: [
    (["rsa", "ec", "wild"], ["ec", "other", "wild"]), (["ed", "rsa", "other"], ["wild", "ec", "ed", "rsa"]),
  ])
  func `what is said is what clients get`(_ old: [String], _ new: [String]) throws {
    try writeConfig(new, to: "new.yaml")
    try writeConfig(old, to: "ocean.yaml")
    let diff: Diff = try workspace.run(
      oceanBinary(), ["diff", workspace.config, workspace.path("new.yaml"), "--format", "json"]
    ).json()
    let rows = diff.presented_certificates
    #expect(rows.contains { $0.changed } && rows.contains { $0.before == nil || $0.after == nil })
    let server = try Server(workspace)
    for row in rows { try expect(row.before?.fingerprint, row) }
    let applied = try workspace.ocean("apply", workspace.path("new.yaml"))
    #expect(applied.status == .exited(0), "\(applied.errorOutput)")
    for row in rows { try expect(row.after?.fingerprint, row) }
    try server.stop()
  }

  @Test func `the text shows what changes`() throws {
    try writeConfig(["ec", "wild"], to: "new.yaml")
    try writeConfig(["rsa", "ec", "wild"], to: "ocean.yaml")
    let diff = try workspace.run(oceanBinary(), ["diff", workspace.config, workspace.path("new.yaml")])
    #expect(
      diff.output.contains(
        #/\npresented pop3 to clients that ask for no known name, mail\.example\.org\n    with RSA only: rsa \(RSA 2048, [0-9a-f]{16}\) -> nothing that they can verify\n[^ ]/#
      ), "\(diff.output)")
  }

  private func expect(_ fingerprint: String?, _ row: Diff.Row) throws {
    let rsa = "RSA-PSS+SHA256:RSA+SHA256"
    let known = ["RSA": rsa, "ECDSA": "\(rsa):ECDSA+SHA256", "Ed25519": "\(rsa):ECDSA+SHA256:ed25519"]
    let name = row.name.map { "-servername \($0.replacing("*", with: "any"))" } ?? "-noservername"
    for version in ["-tls1_2", "-tls1_3"] {
      let command = try workspace.run(
        "/bin/sh",
        [
          "-c",
          """
          openssl s_client -connect \(workspace.address):\(Workspace.tlsPort) \(version) \(name) \
            -sigalgs \(known[row.keys] ?? "") </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256
          """,
        ])
      let shown = command.output.split(separator: "=").last.map {
        $0.replacing(":", with: "").lowercased().trimmingCharacters(in: .whitespacesAndNewlines)
      }
      #expect(shown == fingerprint, "\(version) \(row)")
    }
  }
}
