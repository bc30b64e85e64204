import OceanBase
import Testing
@testable import OceanAccess

/// Tests the lines that `ocean passwd` makes.
@Suite struct HashedPasswordTests {
  private func made(
    _ given: String, _ scheme: NewPasswordScheme? = .ssha512, user: String? = "anna", app: String? = nil,
    fields: NewFields = NewFields()
  ) throws(HashedPassword.Flaw) -> HashedPassword {
    try HashedPassword(SecretBytes(copying: given.utf8), scheme, for: user, app: app, fields)
  }

  private func text(_ secret: SecretBytes) -> String {
    secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  private func flaw(_ given: String, _ scheme: NewPasswordScheme?) -> String? {
    do throws(HashedPassword.Flaw) {
      _ = try made(given, scheme)
      return nil
    } catch {
      return error.message
    }
  }

  @Test func `an account's line has its name, a hash and the fields`() throws {
    let fields = try NewFields(services: "pop3", networks: nil, end: nil)
    let line = text(try made("secret", fields: fields).line)
    #expect(line.hasPrefix("anna:{SSHA512}") && line.hasSuffix("::::::services=pop3"))
    #expect(!line.contains("secret"))
  }

  @Test func `without an account it is the hash alone`() throws {
    let line = text(try made("secret", user: nil).line)
    #expect(line.hasPrefix("{SSHA512}") && !line.contains(":"))
  }

  @Test func `the slow scheme is for what somebody thought up`() throws {
    #expect(text(try made("secret", nil).line).hasPrefix("anna:{CRYPT}$y$"))
    #expect(text(try made("secret", nil, app: "phone").line).hasPrefix(":anna:phone:{CRYPT}$y$"))
  }

  @Test func `an app password that is not given is made up, and fits its hash`() throws {
    let made = try made("", nil, app: "phone")
    let random = try #require(made.random)
    #expect(random.count >= 16)
    let line = text(made.line)
    #expect(line.hasPrefix(":anna:phone:{SSHA512}") && line.hasSuffix(":"))
    let hash = line.dropFirst(":anna:phone:".count).dropLast()
    let stored = try StoredPassword(parsing: SecretBytes(copying: hash.utf8))
    #expect(try stored.verify(random))
    #expect(try made.random != self.made("", nil, app: "phone").random)
    #expect(try self.made("given", app: "phone").random == nil)
  }

  @Test func `what cannot be a password is refused`() {
    #expect(flaw("", nil) == "an empty password is not accepted")
    #expect(flaw("a\0b", nil) == "the password contains a NUL")
    #expect(
      flaw(String(repeating: "x", count: 73), .bcrypt)
        == "the password is too long: with bcrypt it may have 72 octets")
  }
}
