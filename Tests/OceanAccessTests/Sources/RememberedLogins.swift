import Glibc
import OceanAddresses
import OceanBase
import TestSupport
import Testing

@testable import OceanAccess

extension AccountDirectory {
  /// A login as the server has it: whom it lets in, or why not; the source is told how it ended.
  func logIn(_ login: String, _ password: String, from peer: IPAddress = somewhere) -> String {
    let given = SecretBytes(password)
    var search = search(login, password: given, service: "pop3", peer: peer)
    while true {
      switch search.step {
      case .ask(let source): search.answered(source.lookup(search.question))
      case .check(let candidate):
        do throws(VerificationError) {
          let verdict = try candidate.verify(given)
          search.ended(verdict)
          return verdict.identity?.name ?? "wrong"
        } catch {
          return "temporary"
        }
      }
    }
  }
}

/// What must hold of every kind of source that remembers logins.
///
/// - Parameters:
///   - source: makes a source that remembers for so many seconds; a question takes a second at most.
///   - kill: stops and continues the server.
func checkRememberedLogins(
  login: String, password: String, of name: String, _ source: (_ seconds: Int) -> any RemoteAccountSource,
  _ kill: (Int32) -> Void
) throws {
  func directory(_ source: any RemoteAccountSource) -> AccountDirectory {
    AccountDirectory([source], defaultDomain: "example.org") { SystemClock.wall.now }
  }
  let (long, short) = (source(3600), source(2))
  let (longer, shorter) = (directory(long), directory(short))
  // Dovecot answers wrong passwords late.
  #expect(longer.logIn(login, "wrong") != name)
  #expect(long.rememberedLogins == RememberedLogins(count: 0, answered: 0))
  #expect(longer.logIn(login, password) == name)
  #expect(longer.logIn(login, "wrong") != name)
  kill(SIGSTOP)
  let start = ContinuousClock.now
  #expect(longer.logIn(login, password) == name)
  #expect(ContinuousClock.now - start < .milliseconds(500))
  #expect(long.rememberedLogins == RememberedLogins(count: 1, answered: 1))
  #expect(longer.logIn(login, "wrong") == "temporary")
  #expect(longer.logIn(login, password) == name)
  // Once it is forgotten, the source alone can tell.
  #expect(long.forgetLogins(of: "somebody.else@example.org") == 0)
  #expect(long.forgetLogins(of: name) == 1)
  #expect(longer.logIn(login, password) == "temporary")
  kill(SIGCONT)
  try waitUntil { longer.logIn(login, password) == name }
  try waitUntil { shorter.logIn(login, password) == name }
  kill(SIGSTOP)
  // In the second half of its time, the source is asked first.
  try waitUntil { shorter.logIn(login, password) == "temporary" }
  #expect(short.rememberedLogins?.count == 0)
  #expect(longer.logIn(login, password) == name)
  kill(SIGCONT)
  try waitUntil { shorter.logIn(login, password) == name }
}
