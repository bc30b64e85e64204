import OceanBase
import Testing

@testable import OceanAccess

@Suite struct PrintingTests {
  /// Neither the password in the clear nor its hash appears in anything that prints a value.
  @Test func `nothing prints`() throws {
    let file = passwdFile("anna:{PLAIN}hunter2:::::/home/anna:\nben:{SHA}MxspFnQniYg6u5z+zkYtBhzZfWw=\n")
    let account = try #require(file.account(named: name("anna")))
    let candidate = Candidate(
      [account.password.map { Candidate.Choice(password: $0) }].compactMap(\.self), identity: nil,
      isRefusalFinal: true)
    let values: [Any] = [
      SecretBytes("hunter2"), file, account, account.password as Any, candidate, file.issues,
      try NewPasswordScheme.plain.hash(SecretBytes("hunter2")),
    ]
    for value in values {
      var dumped = ""
      dump(value, to: &dumped)
      for text in ["\(value)", String(describing: value), String(reflecting: value), dumped] {
        for secret in ["hunter2", "Mxsp", "aHVudGVyMg"] { #expect(!text.contains(secret), "\(text)") }
        // The octets as numbers, one a line or between commas.
        let numbers = text.split { !$0.isNumber }.joined(separator: " ")
        #expect(!numbers.contains("104 117 110 116"), "\(text)")
      }
    }
  }
}
