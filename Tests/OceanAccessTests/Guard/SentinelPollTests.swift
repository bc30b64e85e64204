import OceanPlan
import Testing

@testable import OceanAccess

/// Tests what is believed of Sentinels, answer by answer.
@Suite struct SentinelPollTests {
  private let old = EnginePlace(host: "10.0.0.5", port: 6379)
  private let new = EnginePlace(host: "10.0.0.6", port: 6379)

  private func poll(_ sentinels: String...) throws -> SentinelPoll {
    var settings = Plan.SharedState.Sentinel()
    settings.master = "mymaster"
    settings.at = try sentinels.map { try #require(EnginePlace(parsing: $0, defaultPort: 26379)) }
    return SentinelPoll(settings)
  }

  private func named(_ host: String, _ port: String = "6379") -> RESPValue {
    .list([.text(Array(host.utf8)), .text(Array(port.utf8))])
  }

  @Test
  func `the place that more than half of all name is the master's, and further answers are not waited for`()
    throws
  {
    var poll = try poll("10.0.1.1", "10.0.1.2", "10.0.1.3")
    #expect(poll.question == ["SENTINEL", "get-master-addr-by-name", "mymaster"])
    #expect(!poll.isDecided && poll.candidates.isEmpty && poll.trouble == nil)
    poll.take(named("10.0.0.5"), from: 0)
    #expect(!poll.isDecided && poll.majority == nil)
    poll.take(named("10.0.0.6"), from: 2)
    #expect(!poll.isDecided && poll.candidates == [old, new])
    poll.take(named("10.0.0.6"), from: 1)
    #expect(poll.isDecided && poll.majority == new && poll.candidates == [new])
  }

  @Test func `half of them is not most of them`() throws {
    var poll = try poll("10.0.1.1", "10.0.1.2")
    poll.take(named("10.0.0.6"), from: 1)
    poll.take(named("10.0.0.5"), from: 0)
    #expect(poll.isDecided && poll.majority == nil && poll.candidates == [old, new])
  }

  @Test func `one that answers is enough to find a master, and not to leave one`() throws {
    var poll = try poll("10.0.1.1", "10.0.1.2", "10.0.1.3")
    poll.failed(.timedOut, at: 0)
    poll.failed(.unreachable("Connection refused"), at: 1)
    #expect(!poll.isDecided)
    poll.take(named("10.0.0.5"), from: 2)
    #expect(poll.isDecided && poll.majority == nil && poll.candidates == [old] && poll.trouble == nil)
  }

  @Test func `without a master each reason is told, with the Sentinels that have it`() throws {
    var poll = try poll("10.0.1.1", "[2001:db8::1]:5000", "Sentinel.example.org")
    poll.failed(.unreachable("Connection refused"), at: 0)
    poll.take(.null, from: 1)
    #expect(poll.trouble == nil)
    poll.failed(.unreachable("Connection refused"), at: 2)
    #expect(
      poll.trouble
        == "no Sentinel says where 'mymaster' is: 10.0.1.1:26379, sentinel.example.org:26379: Connection refused; "
        + "[2001:db8::1]:5000: it knows no master of that name")
    #expect(poll.candidates.isEmpty && poll.isDecided)
  }

  @Test(arguments: [
    (RESPValue.null, "it knows no master of that name"),
    (.error("IDONTKNOW No such master"), "it knows no master of that name"),
    (.error("ERR unknown command 'SENTINEL', with args"), "it is not a Sentinel"),
    (.error("NOAUTH Authentication required."), "it wants a password"),
    // Redis says it in other words than Valkey.
    (.error("NOPERM x"), "its user may not do all that is needed: NOPERM x"),
    (
      .error("ERR ACL failure in script: x"),
      "its user may not do all that is needed: ERR ACL failure in script: x"
    ),
    (.error("WRONGPASS x"), "it refuses the user or the password"),
    (.list([]), "it does not answer as Sentinel does"),
    (.text([]), "it does not answer as Sentinel does"),
    (.list([.number(1), .number(2)]), "what it names is not the place of an engine"),
  ])
  func `an answer that names nothing has a reason`(answer: RESPValue, reason: String) throws {
    var poll = try poll("10.0.1.1")
    poll.take(answer, from: 0)
    #expect(poll.trouble == "no Sentinel says where 'mymaster' is: 10.0.1.1:26379: \(reason)")
  }

  @Test(arguments: [
    ("", "6379"), ("10.0.0.5", "0"), ("10.0.0.5", "65536"), ("10.0.0.5", "-1"), ("10.0.0.5", ""),
    ("10.0.0.5", "99999999999999999999"), ("10.0.0.5\r\nX", "6379"), ("a b", "6379"), ("a\0b", "6379"),
    (String(repeating: "a", count: 254), "6379"), ("fe80::1%eth0", "6379"), ("[::1]", "6379"),
  ])
  func `what is not the place of an engine is never asked`(host: String, port: String) throws {
    var poll = try poll("10.0.1.1")
    poll.take(named(host, port), from: 0)
    #expect(poll.candidates.isEmpty && poll.trouble?.hasSuffix("is not the place of an engine") == true)
  }

  @Test func `an address of the loopback is believed only of a Sentinel of this host`() throws {
    for host in ["127.0.0.1", "::1", "localhost"] {
      var other = try poll("10.0.1.1")
      other.take(named(host), from: 0)
      let place = try #require(EnginePlace(host: host, port: 6379))
      #expect(other.trouble?.hasSuffix("it names \(place), which is another engine on each host") == true)
      var own = try poll("127.0.0.1")
      own.take(named(host), from: 0)
      #expect(own.majority == place)
    }
  }
}
