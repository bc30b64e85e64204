import Glibc
import OceanHost
import OceanPlan
import TestPlans
import TestSupport
import Testing

/// Tests the passwords that options name, and what is said if they cannot be had.
@Suite struct NamedSecretTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func source(_ contents: String, mode: mode_t = 0o600) throws -> Plan.SecretSource {
    let path = "\(directory.path)/secret"
    try Files.writePrivately(Array(contents.utf8), to: path)
    chmod(path, mode)
    return .file(path)
  }

  @Test func `a source is named by its kind`() {
    #expect(Plan.SecretSource(named: "file:/a:b") == .file("/a:b"))
    #expect(Plan.SecretSource(named: "file:b") == .file(Files.absolute("b")))
    #expect(Plan.SecretSource(named: "env:NAME") == .env("NAME"))
    #expect(Plan.SecretSource(named: "credential:name") == .credential("name"))
  }

  @Test(arguments: [
    "", "secret", "file", "file:", "env:", "File:/a", "credential:../a", "credential:a/b", "credential:.a",
    "password:x",
  ])
  func `anything else may be the secret itself`(_ text: String) {
    #expect(Plan.SecretSource(named: text) == nil)
  }

  @Test func `a password has no line break at its end`() throws {
    let secret = try source("one\n").password()
    #expect(secret.withUnsafeBytes { Array($0) } == Array("one".utf8))
    #expect(try source("one\r\n").probePassword() == secret)
  }

  @Test func `what is not there is named`() throws {
    let missing = Plan.SecretSource.file("\(directory.path)/nothing")
    #expect(
      Failure.message { () throws(Failure) in _ = try missing.password() }
        == "cannot read the password from \(missing)")
    #expect(
      Failure.message { () throws(Failure) in _ = try missing.probePassword() }
        == "cannot read the password of the probe from \(missing): there is no such file")
    let unset = Plan.SecretSource.env("OCEAN_TEST_UNSET")
    #expect(
      Failure.message { () throws(Failure) in _ = try unset.password() }
        == "there is no \(unset) in this environment")
    #expect(
      Failure.message { () throws(Failure) in _ = try unset.probePassword() }
        == "there is no \(unset) in this environment: the probe has no password")
  }

  @Test func `a probe sends one line that not everybody may read`() throws {
    let path = "\(directory.path)/secret"
    let open = try source("one\n", mode: 0o644)
    #expect(
      Failure.message { () throws(Failure) in _ = try open.probePassword() }
        == "everybody may read \(path), which holds a password: chmod 600 \(path)")
    #expect(throws: Never.self) { try open.password() }
    for contents in ["", "\n", "one\ntwo\n", "one\0"] {
      let secret = try source(contents)
      #expect(
        Failure.message { () throws(Failure) in _ = try secret.probePassword() }
          == "\(secret) must hold one line, the password of the probe")
    }
  }
}
