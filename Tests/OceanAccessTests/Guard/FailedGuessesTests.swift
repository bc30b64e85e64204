import OceanAddresses
import OceanBase
import Testing
@testable import OceanAccess

@Suite struct FailedGuessesTests {
  private let guesses = FailedGuesses()

  private func candidate(
    _ stored: String = "$6$salt$" + String(repeating: "a", count: 86), isReal: Bool = true,
    isFinal: Bool = true
  ) throws -> Candidate {
    let identity = Identity(user: "anna", domain: "", home: nil, maildir: nil)
    return Candidate(
      [.init(password: try StoredPassword(parsing: SecretBytes(stored)), use: isReal ? .login : .decoy)],
      identity: isReal ? identity : nil, isRefusalFinal: isFinal)
  }

  private func guess(
    _ candidate: Candidate, _ password: String = "wrong", user: String = "anna",
    from peer: IPAddress = somewhere
  ) -> FailedGuesses.Guess? {
    guesses.guess(of: candidate, user: user, SecretBytes(password), from: peer)
  }

  @Test func `a guess is known again, and nothing else is`() throws {
    let account = try candidate()
    let first = try #require(guess(account))
    #expect(!guesses.contains(first))
    guesses.insert(first)
    #expect(guess(account).map(guesses.contains) == true)
    for other in [
      guess(account, "wrong "), guess(account, "wron"), guess(account, user: "annaw"),
      guess(account, from: IPAddress(v4: 1)), guess(try candidate(isReal: false)),
      guess(try candidate("$6$salt$" + String(repeating: "b", count: 86))),
    ] {
      #expect(other.map(guesses.contains) == false)
    }
    let elsewhere = FailedGuesses()
    #expect(
      elsewhere.guess(of: account, user: "anna", SecretBytes("wrong"), from: somewhere).map(guesses.contains)
        == false)
  }

  @Test func `nothing is remembered of what is cheap, or may still be right`() throws {
    #expect(guess(try candidate("{PLAIN}x")) == nil)
    #expect(guess(try candidate(isFinal: false)) == nil)
  }

  @Test func `many guesses drive out older ones`() throws {
    let account = try candidate()
    for number in 0..<40_000 { if let guess = guess(account, "\(number)") { guesses.insert(guess) } }
    #expect(guess(account, "39999").map(guesses.contains) == true)
    #expect((0..<1000).count { guess(account, "\($0)").map(guesses.contains) == true } < 500)
  }
}
