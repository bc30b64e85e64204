import OceanAddresses
import OceanBase
import OceanPlan
import Synchronization
import TestSupport
import Testing

@testable import OceanAccess

/// The logins that a source remembers, with a clock that the tests move.
@Suite struct LoginCacheTests {
  private let clock = TestClock()
  private static let second: Int64 = 1_000_000_000

  private func cache(seconds: Int = 60, dependsOnClient: Bool = false, capacity: Int = 100) -> LoginCache {
    LoginCache(
      of: "sqlite:/db", seconds: seconds, dependsOnClient: dependsOnClient, capacity: capacity,
      clock: { [clock] in clock.now }, wall: { [clock] in clock.now / Self.second })
  }

  private func question(
    _ login: String = "anna", _ password: String = "x", service: String = "pop3",
    from client: IPAddress = somewhere, domain: String? = "example.org"
  ) throws -> AccountQuestion {
    AccountQuestion(
      names: [try name("\(login)@example.org"), try name(login)], defaultDomain: domain, service: service,
      client: client, password: SecretBytes(password))
  }

  private func account(
    _ login: String = "anna", _ conditions: LoginConditions = LoginConditions()
  ) throws -> Account {
    Account(
      name: try name("\(login)@example.org"), status: .active, home: "/home/\(login)",
      conditions: conditions, line: 0, password: try StoredPassword(parsing: SecretBytes("{PLAIN}x")))
  }

  private func keep(_ account: Account, _ question: AccountQuestion, in cache: LoginCache) throws {
    cache.keep(account, for: try #require(cache.ticket(for: question)))
  }

  private func found(
    _ question: AccountQuestion, in cache: LoginCache, isSourceSilent: Bool = false
  ) throws -> Account? {
    cache.account(
      for: try #require(cache.ticket(for: question)), question, isSourceSilent: isSourceSilent)
  }

  @Test func `a login is remembered with everything that decides about it`() throws {
    let cache = cache()
    try keep(account(), question(), in: cache)
    let known = try #require(try found(question(), in: cache))
    #expect(known.home == "/home/anna" && known.sourceCheck == .right && known.password == nil)
    #expect(try found(question("anna", "y"), in: cache) == nil)
    #expect(try found(question("berta"), in: cache) == nil)
    #expect(try found(question(service: "other"), in: cache) == nil)
    #expect(try found(question(domain: "example.net"), in: cache) == nil)
    #expect(try found(question(from: .loopback(.v4)), in: cache) != nil)
    // The same octets in another cache, or with another key, are another login.
    #expect(try found(question(), in: self.cache()) == nil)
    #expect(cache.counts == .init(kept: 1, answered: 2))
  }

  @Test func `where the source looks at the client's address, so does the cache`() throws {
    let cache = cache(dependsOnClient: true)
    try keep(account(), question(), in: cache)
    #expect(try found(question(), in: cache) != nil)
    #expect(try found(question(from: .loopback(.v4)), in: cache) == nil)
  }

  @Test func `a question without a password that could be right is never answered`() throws {
    let cache = cache()
    #expect(cache.ticket(for: try question().withoutPassword) == nil)
    #expect(cache.ticket(for: try question("anna", "")) == nil)
    #expect(cache.ticket(for: try question("anna", "x\u{0}")) == nil)
  }

  @Test func `in the second half of the time the source comes first, and after it nothing is left`() throws {
    let cache = cache(seconds: 60)
    try keep(account(), question(), in: cache)
    clock.now = 30 * Self.second - 1
    #expect(try found(question(), in: cache) != nil)
    clock.now = 30 * Self.second
    #expect(try found(question(), in: cache) == nil)
    #expect(try found(question(), in: cache, isSourceSilent: true) != nil)
    clock.now = 60 * Self.second - 1
    #expect(try found(question(), in: cache, isSourceSilent: true) != nil)
    clock.now = 60 * Self.second
    #expect(try found(question(), in: cache, isSourceSilent: true) == nil)
    #expect(cache.counts.kept == 0)
  }

  @Test func `conditions are looked at each time`() throws {
    let cache = cache()
    let near = LoginConditions(networks: [try IPPrefix(parsing: "192.0.2.0/24")])
    try keep(account("anna", near), question(), in: cache)
    #expect(try found(question(), in: cache) != nil)
    #expect(try found(question(from: .loopback(.v4)), in: cache) == nil)
    try keep(
      account("berta", LoginConditions(end: RuleEnd(seconds: 10))), question("berta"), in: cache)
    #expect(try found(question("berta"), in: cache) != nil)
    clock.now = 10 * Self.second
    #expect(try found(question("berta"), in: cache) == nil)
  }

  @Test func `a user's logins are forgotten by each of the names, and those under way are not kept`() throws {
    let cache = cache()
    func fill() throws {
      for login in ["anna", "berta"] {
        for password in ["x", "y"] { try keep(account(login), question(login, password), in: cache) }
      }
    }
    try fill()
    let underWay = try #require(cache.ticket(for: question("anna", "z")))
    #expect(cache.forget(try name("nobody")) == 0)
    #expect(cache.forget(try name("anna")) == 2)
    #expect(try found(question(), in: cache) == nil && found(question("berta"), in: cache) != nil)
    cache.keep(try account(), for: underWay)
    #expect(try found(question("anna", "z"), in: cache) == nil)
    try fill()
    #expect(cache.forget(try name("anna@example.org")) == 2)
    #expect(cache.forget(nil) == 2)
    #expect(cache.counts.kept == 0)
    try fill()
    cache.forget(try #require(cache.ticket(for: question())))
    #expect(try found(question(), in: cache) == nil && found(question("anna", "y"), in: cache) != nil)
  }

  @Test func `the oldest logins go for new ones`() throws {
    let cache = cache(capacity: 3)
    for number in 0..<5000 {
      clock.now += 1
      try keep(account("u\(number)"), question("u\(number)"), in: cache)
      // Kept again, it ends later; it does not take a second place for ever.
      try keep(account("u\(number)"), question("u\(number)"), in: cache)
    }
    #expect(cache.counts.kept <= 3 && cache.counts.kept > 0)
    #expect(try found(question("u4999"), in: cache) != nil)
    #expect(try found(question("u4990"), in: cache) == nil)
  }

  @Test func `nothing that is printed has a password`() throws {
    let cache = cache()
    let question = try question("anna", "Hidden-from-everybody")
    try keep(account(), question, in: cache)
    var text = ""
    dump(cache, to: &text)
    dump(try #require(cache.ticket(for: question)), to: &text)
    #expect(!text.contains("Hidden"))
  }
}
