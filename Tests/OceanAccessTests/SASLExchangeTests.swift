import OceanBase
import OceanPlan
import Testing

@testable import OceanAccess

@Suite struct SASLExchangeTests {
  private func secret(_ text: String) -> SecretBytes { SecretBytes(copying: text.utf8) }

  @Test(
    arguments: [
      ("\0anna\0pass word", "anna", "pass word"), ("anna\0anna\0x", "anna", "x"),
      ("\0anna@example.org\0", "anna@example.org", ""),
      ("\0jürgen\0é", "jürgen", "é"), ("\0' OR 1=1--\0x", nil, nil), ("boss\0anna\0x", nil, nil),
      ("\0\0x", nil, nil),
      ("\0anna", nil, nil), ("anna", nil, nil), ("", nil, nil), ("\0anna\0x\0y", nil, nil),
      ("\0an\u{1b}na\0x", nil, nil),
      ("\0an\u{85}na\0x", nil, nil), ("\0an na\0x", nil, nil),
    ] as [(String, String?, String?)])
  func `PLAIN`(_ response: String, user: String?, password: String?) {
    var exchange = SASLExchange(.plain)
    let expected = user.map { SASLExchange.Step.password(user: $0, secret(password ?? "")) } ?? .malformed
    #expect(exchange.step(secret(response)) == expected)
    var asked = SASLExchange(.plain)
    #expect(asked.step(nil) == .challenge(secret("")))
    #expect(asked.step(secret(response)) == expected)
  }

  @Test func `PLAIN without UTF-8`() {
    var exchange = SASLExchange(.plain)
    #expect(exchange.step(SecretBytes(copying: [0, 0xff, 0, 0x61])) == .malformed)
  }

  /// Some clients send the name with the command.
  @Test(arguments: [false, true]) func `LOGIN`(isNameSent: Bool) {
    var exchange = SASLExchange(.login)
    if !isNameSent { #expect(exchange.step(nil) == .challenge(secret("Username:"))) }
    #expect(exchange.step(secret("anna")) == .challenge(secret("Password:")))
    #expect(exchange.step(secret("pass word")) == .password(user: "anna", secret("pass word")))
    var empty = SASLExchange(.login)
    #expect(empty.step(secret("")) == .malformed)
    var withNUL = SASLExchange(.login)
    _ = withNUL.step(secret("anna"))
    #expect(withNUL.step(secret("x\0y")) == .malformed)
  }
}
