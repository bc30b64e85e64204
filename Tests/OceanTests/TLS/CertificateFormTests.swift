import Foundation
import Testing

/// Tests real files in a certificate's place: what `check` says about them, and that its advice mends them.
@Suite struct CertificateFormTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try shell("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out a.key")
    try shell(
      "\(Self.selfSigned) \(Self.name) -addext basicConstraints=critical,CA:FALSE -out a.crt && chmod 600 a.key"
    )
  }

  private static let name = "-addext subjectAltName=DNS:mail.example.org"
  private static let selfSigned = "openssl req -x509 -key a.key -subj /CN=mail.example.org -days 90"

  private func shell(_ script: String) throws {
    let run = try workspace.run("sh", ["-c", "cd '\(workspace.directory.path)' && \(script)"])
    try #require(run.status == .exited(0), "\(script): \(run.errorOutput)")
  }

  private struct Finding: Decodable {
    let severity: String
    let code: String
    let message: String
    let help: String?
  }

  /// The findings about the certificate only.
  private func findings(_ chain: String, key: String = "a.key") throws -> [Finding] {
    struct Report: Decodable { let diagnostics: [Finding] }
    try workspace.writeConfig()
    try workspace.write(
      workspace.read("ocean.yaml").replacing(
        "accounts:", with: "certificates: { main: { chain: \(chain), key: \(key) } }\naccounts:"),
      to: "ocean.yaml")
    let check = try workspace.ocean("check", workspace.path("ocean.yaml"), "--format", "json")
    return try JSONDecoder().decode(Report.self, from: Data(check.output.utf8)).diagnostics.filter {
      ["OC0318", "OC0321", "OC0322", "OC0412", "OC0413", "OC0428"].contains($0.code)
    }
  }

  @Test(arguments: [
    ("openssl req -new -key a.key -subj /CN=x \(name) -out a.csr", "a.csr"),
    ("openssl crl2pkcs7 -nocrl -certfile a.crt -out a.p7b", "a.p7b"),
    ("openssl x509 -in a.crt -outform DER -out a.der", "a.der"),
  ])
  func `what is not PEM becomes it by the command that is told`(_ command: String, _ file: String) throws {
    try shell(command)
    let found = try findings(file)
    #expect(found.map(\.code) == ["OC0318"])
    let help = try #require(found.first?.help)
    let openssl = try #require(help.range(of: "openssl "))
    try shell(String(help[openssl.lowerBound...]))
    #expect(try findings("\(file).pem").filter { $0.severity != "note" }.map(\.message) == [])
  }

  @Test(arguments: [
    ("\(name) -addext extendedKeyUsage=clientAuth", "is not for servers"),
    ("\(name) -addext keyUsage=keyAgreement", "may not sign"),
    ("-addext basicConstraints=CA:FALSE", "no alternative name"),
  ])
  func `a certificate that clients refuse is warned about`(_ options: String, _ message: String) throws {
    try shell("\(Self.selfSigned) \(options) -out b.crt")
    let found = try findings("b.crt")
    #expect(
      found.contains { $0.code == "OC0428" && $0.severity == "warning" && $0.message.contains(message) },
      "\(found)")
    #expect(try findings("a.crt").map(\.message) == [])
  }

  @Test(arguments: ["secp256k1", "brainpoolP256r1"])
  func `a key that no client can do is an error`(_ curve: String) throws {
    try shell("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:\(curve) -out a.key")
    try shell("\(Self.selfSigned) \(Self.name) -out b.crt")
    let found = try findings("b.crt")
    #expect(found.contains { $0.code == "OC0321" && $0.message.contains("no client") }, "\(found)")
  }

  @Test func `the full chain beside a lone leaf is named, and an old root is to go`() throws {
    try shell(
      """
      for n in root int leaf; do openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $n.key; done
      openssl req -x509 -key root.key -subj /CN=Root -days 900 -out root.pem
      openssl req -new -key int.key -subj /CN=Int -out int.csr
      printf 'basicConstraints=critical,CA:TRUE\\n' >ca.ext
      openssl x509 -req -in int.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile ca.ext -days 800 -out int.pem
      openssl req -new -key leaf.key -subj /CN=mail.example.org -out leaf.csr
      printf 'subjectAltName=DNS:mail.example.org\\n' >leaf.ext
      openssl x509 -req -in leaf.csr -CA int.pem -CAkey int.key -CAcreateserial -extfile leaf.ext -days 90 -out cert.pem
      cat cert.pem int.pem >fullchain.pem
      openssl x509 -in root.pem -signkey root.key -days -1 -out old.pem
      cat fullchain.pem old.pem >with-root.pem
      chmod 600 leaf.key
      """)
    let alone = try findings("cert.pem", key: "leaf.key")
    #expect(alone.map(\.code) == ["OC0412"] && alone.first?.severity == "warning", "\(alone)")
    #expect(alone.first?.help?.hasSuffix("chain: \(workspace.path("fullchain.pem"))") == true, "\(alone)")
    #expect(try findings("fullchain.pem", key: "leaf.key").map(\.message) == [])
    let old = try findings("with-root.pem", key: "leaf.key")
    #expect(old.map(\.code) == ["OC0412"] && old.first?.help == "remove it", "\(old)")
  }
}
