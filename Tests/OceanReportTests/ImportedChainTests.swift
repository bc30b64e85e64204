import OceanBase
import OceanHost
import OceanSyntax
import OceanTLS
import TestPlans
import TestSupport
import Testing
@testable import OceanReport

/// Tests what `ocean cert import` makes of the files that it is given.
@Suite struct ImportedChainTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func path(_ name: String) -> String { "\(directory.path)/\(name)" }

  /// Makes `NAME.key` and `NAME.crt`.
  private func make(_ name: String, _ others: String...) throws {
    _ = try NewCertificate.publish(
      NewCertificate.names([name] + others), .ecP256, days: 90, in: directory.path, replacing: true)
  }

  private func chain(
    _ files: String..., key: String, out: String = "out.crt", isReplacing: Bool = false
  ) throws(Failure) -> ImportedChain {
    try ImportedChain(
      of: files.map(path), key: try KeyFile(path(key), passphraseFile: nil) { _ in nil }, for: path(out),
      isReplacing: isReplacing)
  }

  @Test func `the certificate of the key is found among others`() throws {
    try make("a.test")
    try make("b.test")
    let chain = try chain("b.test.crt", "a.test.crt", key: "a.test.key")
    #expect(Files.kind(of: path("out.crt")) == .missing)
    try chain.publish(replacing: false)
    #expect(try Files.readPEM(path("out.crt")) == Files.readPEM(path("a.test.crt")))
    let text = chain.text(on: Screen())
    #expect(text.contains("a.test") && text.contains("not an issuer of this certificate"))
    #expect(text.hasSuffix("Written to \(path("out.crt")).\n"))
  }

  @Test func `a key without its certificate is told what the certificates are for`() throws {
    try make("a.test")
    try make("b.test")
    try make("c.test")
    #expect(
      Failure.message { () throws(Failure) in _ = try chain("b.test.crt", key: "a.test.key") }
        == "the key \(path("a.test.key")) is not that of the certificate in \(path("b.test.crt")); it is for CN=b.test"
    )
    #expect(
      Failure.message { () throws(Failure) in _ = try chain("b.test.crt", "c.test.crt", key: "a.test.key") }
        == "the key \(path("a.test.key")) is not that of any certificate in \(path("b.test.crt")), \(path("c.test.crt")); "
        + "they are for CN=b.test; CN=c.test")
  }

  @Test func `a file without certificates is refused by its name`() throws {
    try make("a.test")
    #expect(
      Failure.message { () throws(Failure) in _ = try chain("a.test.crt", "a.test.csr", key: "a.test.key") }?
        .contains(path("a.test.csr")) == true)
    #expect(
      Failure.message { () throws(Failure) in _ = try chain("none.crt", key: "a.test.key") }
        == "cannot read \(path("none.crt")): there is no such file")
  }

  @Test func `names that the replaced chain had are missed`() throws {
    try make("a.test", "old.test", "older.test")
    try Files.writePrivately(try Files.readPEM(path("a.test.crt")), to: path("out.crt"))
    try make("a.test")
    let warning = "the certificate it replaces was also for old.test, older.test"
    let replacing = try chain("a.test.crt", key: "a.test.key", isReplacing: true)
    #expect(replacing.text(on: Screen()).contains(warning))
    #expect(try !chain("a.test.crt", key: "a.test.key").text(on: Screen()).contains(warning))
    #expect(throws: Failure.self) { try replacing.publish(replacing: false) }
    try replacing.publish(replacing: true)
    #expect(try Files.readPEM(path("out.crt")) == Files.readPEM(path("a.test.crt")))
  }

  @Test func `a key in the place of the chain is not replaced`() throws {
    try make("a.test")
    #expect(
      Failure.message { () throws(Failure) in
        _ = try chain("a.test.crt", key: "a.test.key", out: "a.test.key", isReplacing: true)
      } == "\(path("a.test.key")) holds a private key and was not replaced")
  }
}
