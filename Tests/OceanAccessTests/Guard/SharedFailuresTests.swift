import OceanAddresses
import OceanBase
import Testing

@testable import OceanAccess

/// Tests what is told and taken over, by answers as the script gives them; the script itself is tested with a real engine.
@Suite struct SharedFailuresTests {
  private let limits = AntiHammering.Limits(
    maxFailures: 1, forgetAfterSeconds: 60, blockForSeconds: 600, failureDelayMilliseconds: 0,
    neverBlock: .localhost)
  private let peer = IPAddress(v4: 0xc000_0201)
  private let other = "198.51.100.1/32"

  private func now(_ seconds: Int64) -> ClockReading {
    ClockReading(monotonic: seconds * 1_000_000_000, wall: (1_700_000_000 + seconds) * 1_000_000_000)
  }

  private func server() -> SharedState { SharedState(limits) {} }

  private func answer(
    _ changes: [[Any]] = [], counts: [String] = [], connections: [[Any]] = [], requests: [[Any]] = [],
    epoch: String = "e", cursor: Int64 = 1, more: Int64 = 0
  ) -> RESPValue {
    func value(_ any: Any) -> RESPValue {
      if let number = any as? Int { return .number(Int64(number)) }
      return .text(Array("\(any)".utf8))
    }
    return .list([
      .text(Array("ok".utf8)), .text(Array(epoch.utf8)), .number(more),
      .list(counts.map { .text(Array($0.utf8)) }),
      .list([.number(cursor), .list(changes.map { .list($0.map(value)) })]),
      .list([.number(1), .list(connections.map { .list($0.map(value)) })]),
      .list([.number(0), .list(requests.map { .list($0.map(value)) })]),
    ])
  }

  private func fail(_ shared: SharedState, _ password: String, at seconds: Int64) -> AntiHammering.Outcome {
    shared.failures.failed(
      peer, user: "anna".utf8, password: SecretBytes(copying: password.utf8), at: now(seconds))
  }

  /// What an exchange tells, without the words that are always there.
  private func told(_ exchange: SharedState.Exchange) -> [String] {
    exchange.arguments.dropFirst(SharedState.headLength).map(\.self).chunks.filter { $0[0] != "C" }
      .flatMap(\.self)
  }

  @Test func `a failure is told once, with a digest that says nothing elsewhere`() throws {
    let shared = server()
    // Nobody has said yet which key digests have.
    _ = fail(shared, "a", at: 0)
    var exchange = shared.exchange(at: now(10))
    #expect(told(exchange) == ["f", "192.0.2.1/32", "", "1", "50000", "600000"])
    _ = try shared.take(answer(counts: ["1"]), to: exchange, at: now(10))
    #expect(told(shared.exchange(at: now(10))).isEmpty)

    let second = server()
    for host in [shared, second] {
      let exchange = host.exchange(at: now(11))
      _ = try host.take(answer(), to: exchange, at: now(11))
    }
    _ = second.failures.failed(peer, user: "anna".utf8, password: SecretBytes(copying: "b".utf8), at: now(12))
    exchange = second.exchange(at: now(12))
    #expect(told(exchange).count == 6)
    let digest = told(exchange)[2]
    #expect(!digest.isEmpty)
    // What was not confirmed is told again; the engine sees that it is the same.
    second.putBack(exchange)
    #expect(told(second.exchange(at: now(13)))[2] == digest)
  }

  @Test func `requests that come back are held to the most that wait, and the first are kept`() throws {
    let shared = server()
    for number in 0..<100 { shared.ask("a\(number)") }
    let exchange = shared.exchange(at: now(0))
    for number in 0..<100 { shared.ask("b\(number)") }
    shared.putBack(exchange)
    #expect(shared.waitingCount == 100)
    #expect(told(shared.exchange(at: now(1))).filter { $0.hasPrefix("b") }.isEmpty)
  }

  @Test func `a repeated failure is not told, nor one that is forgotten`() throws {
    let shared = server()
    _ = fail(shared, "a", at: 0)
    #expect(fail(shared, "a", at: 1) == .repeated)
    #expect(told(shared.exchange(at: now(70))).isEmpty)
  }

  @Test func `the fleet's count goes on here`() throws {
    let shared = server()
    _ = fail(shared, "a", at: 0)
    let exchange = shared.exchange(at: now(1))
    _ = try shared.take(answer(counts: ["7"]), to: exchange, at: now(1))
    #expect(shared.failures.failures(of: peer, at: now(1)) == 7)
    guard case .blocked(let block, isNew: true) = fail(shared, "b", at: 2) else {
      Issue.record("it is not blocked")
      return
    }
    #expect(block.failures == 8)
    #expect(
      told(shared.exchange(at: now(3))).chunks.last == ["b", "192.0.2.1/32", "1000", "599000", "8", ""])
  }

  @Test func `a guess that the fleet's count has already is not counted again here`() throws {
    let limits = AntiHammering.Limits(
      maxFailures: 2, forgetAfterSeconds: 60, blockForSeconds: 600, failureDelayMilliseconds: 0,
      neverBlock: .localhost)
    let servers = (0..<2).map { _ in SharedState(limits) {} }
    for server in servers { _ = try server.take(answer(), to: server.exchange(at: now(0)), at: now(0)) }
    // The old password failed there, and another one here.
    #expect(fail(servers[1], "old", at: 1) == .counted(1))
    let digest = told(servers[1].exchange(at: now(1)))[2]
    #expect(fail(servers[0], "a", at: 1) == .counted(1))
    let exchange = servers[0].exchange(at: now(2))
    _ = try servers[0].take(answer(counts: ["2 \(told(exchange)[2]) \(digest)"]), to: exchange, at: now(2))
    #expect(servers[0].failures.failures(of: peer, at: now(2)) == 2)
    #expect(fail(servers[0], "old", at: 3) == .repeated)
    #expect(told(servers[0].exchange(at: now(3))).isEmpty)
    // Once the failures are forgotten, or lifted, it is a guess like any other.
    #expect(fail(servers[0], "old", at: 62) == .counted(1))
    let again = servers[0].exchange(at: now(62))
    _ = try servers[0].take(answer(counts: ["1 \(digest)"]), to: again, at: now(62))
    guard case .blocked = [fail(servers[0], "b", at: 63), fail(servers[0], "c", at: 63)][1] else {
      Issue.record("it is not blocked")
      return
    }
    guard case .blocked(_, isNew: false) = fail(servers[0], "old", at: 64) else {
      Issue.record("a blocked address is told that it is")
      return
    }
    _ = servers[0].failures.unblock(try IPPrefix(parsing: "192.0.2.1/32"), at: now(65))
    #expect(fail(servers[0], "old", at: 66) == .counted(1))
  }

  @Test func `the later end wins, and what is told twice changes nothing`() throws {
    let shared = server()
    func take(left: Int, at seconds: Int64) throws -> SharedState.News {
      try shared.take(
        answer([[other, "b", 5000, left, 3]]), to: shared.exchange(at: now(seconds)), at: now(seconds))
    }
    #expect(try take(left: 100_000, at: 0).blocked.map(\.failures) == [3])
    #expect(try take(left: 100_500, at: 0) == SharedState.News())
    #expect(try take(left: 50_000, at: 0) == SharedState.News())
    #expect(try take(left: 200_000, at: 0).prolonged.count == 1)
    // No longer than a block lasts here.
    #expect(try take(left: 9_000_000, at: 0).prolonged.first?.until == now(600).wall)
    #expect(told(shared.exchange(at: now(0))).isEmpty)
  }

  @Test func `addresses that are never blocked here are not`() throws {
    let shared = server()
    let news = try shared.take(
      answer([["127.0.0.1/32", "b", 0, 100_000, 3]]), to: shared.exchange(at: now(0)), at: now(0))
    #expect(news == SharedState.News() && shared.failures.blocks(at: now(0)).isEmpty)
  }

  @Test func `a block that began before it was lifted is over, and a later one stays`() throws {
    let shared = server()
    for age in [50_000, 10_000] {
      _ = try shared.take(
        answer([[other, "b", age, 300_000, 3]]), to: shared.exchange(at: now(100)), at: now(100))
      let news = try shared.take(
        answer([[other, "l", 20_000, 100_000, 0]]), to: shared.exchange(at: now(100)), at: now(100))
      #expect(news.lifted.count == (age == 50_000 ? 1 : 0))
    }
    #expect(shared.failures.blocks(at: now(100)).count == 1)
  }

  @Test func `after a pause everything is told again`() throws {
    let shared = server()
    _ = fail(shared, "a", at: 0)
    _ = fail(shared, "b", at: 0)
    _ = shared.failures.unblock(try IPPrefix(parsing: "192.0.2.77/32"), at: now(1))
    let exchange = shared.exchange(at: now(2))
    #expect(
      told(exchange).chunks.map { $0[0] + $0[1] } == [
        "l192.0.2.77/32", "f192.0.2.1/32", "f192.0.2.1/32", "b192.0.2.1/32",
      ])
    _ = try shared.take(answer(counts: ["1", "2"]), to: exchange, at: now(2))
    #expect(told(shared.exchange(at: now(3))).isEmpty)
    let again = [
      ["l", "192.0.2.77/32", "3000", "600000", "", ""], ["b", "192.0.2.1/32", "4000", "596000", "2", ""],
    ]
    shared.beginAnew(at: now(4))
    #expect(told(shared.exchange(at: now(4))).chunks == again)
    // The engine has lost what it knew.
    #expect(try shared.take(answer(epoch: "f"), to: shared.exchange(at: now(4)), at: now(4)).hasMore)
    #expect(told(shared.exchange(at: now(4))).chunks == again)
    // Lifting is forgotten when no block from before can be in force.
    shared.failures.sweep(at: now(602))
    shared.beginAnew(at: now(602))
    #expect(told(shared.exchange(at: now(602))).isEmpty)
  }

  @Test func `answers that make no sense are refused`() {
    let shared = server()
    func take(_ answer: RESPValue) throws {
      _ = try shared.take(answer, to: shared.exchange(at: now(0)), at: now(0))
    }
    #expect(throws: SharedState.AnswerError.foreign(form: "1/56")) {
      try take(.list([.text(Array("form".utf8)), .text(Array("1/56".utf8))]))
    }
    for wrong in [
      .null, .number(1), answer(counts: ["1"]), answer([["x", "b", 1, 1, 1]]),
      answer([["192.0.2.0/24", "b", 1, 1, 1]]),
      answer([[other, "z", 1, 1, 1]]), answer([[other, "b", 1, 1]]),
    ] as [RESPValue] {
      #expect(throws: SharedState.AnswerError.malformed) { try take(wrong) }
    }
    // Numbers that no engine has do not trap.
    #expect(throws: Never.self) {
      try take(answer([[other, "b", Int.max, Int.max, Int.max], [other, "l", Int.min, 0, 0]]))
    }
  }

  // MARK: - Connections and requests

  /// A place, which is given back when the object goes.
  private final class Held {
    let isThere: Bool
    private let ticket: ConnectionCounter.Ticket?

    init(_ ticket: consuming ConnectionCounter.Ticket?) {
      isThere = ticket != nil
      self.ticket = ticket
    }
  }

  @Test func `connections of other servers count, and only while the engine answers`() throws {
    let shared = server()
    let connections = shared.connections
    var held = [Held(connections.admit(peer, limit: 3))]
    let exchange = shared.exchange(at: now(0))
    #expect(
      exchange.arguments.dropFirst(SharedState.headLength).map(\.self).chunks == [
        ["c", "192.0.2.1/32", "1", "3", "", ""]
      ])
    _ = try shared.take(answer(connections: [["192.0.2.1/32", 1]]), to: exchange, at: now(0))
    held.append(Held(connections.admit(peer, limit: 3)))
    for place in held { #expect(place.isThere) }
    #expect(!Held(connections.admit(peer, limit: 3)).isThere)
    #expect(connections.count(of: peer) == 3)
    // Where there is no limit, connections are only counted.
    #expect(Held(connections.admit(peer, limit: .max)).isThere)
    #expect(told(shared.exchange(at: now(1))) == ["c", "192.0.2.1/32", "2", "3", "", ""])
    #expect(told(shared.exchange(at: now(1))).isEmpty)
    held = []
    #expect(told(shared.exchange(at: now(2))) == ["c", "192.0.2.1/32", "0", "3", "", ""])
    #expect(connections.count(of: peer) == 1)
    shared.beAlone()
    #expect(connections.count(of: peer) == 0)
  }

  @Test func `on a new connection and after a pause connections are told again, under another name`() throws {
    let shared = server()
    let held = Held(shared.connections.admit(peer, limit: 3))
    let record = ["c", "192.0.2.1/32", "1", "3", "", ""]
    func exchange(at seconds: Int64) -> (exchange: SharedState.Exchange, node: String, left: [String]) {
      let exchange = shared.exchange(at: now(seconds))
      let records = exchange.arguments.dropFirst(SharedState.headLength).map(\.self).chunks
      return (
        exchange, exchange.arguments[SharedState.headLength - 1],
        records.filter { $0[0] == "C" }.map { $0[1] }
      )
    }
    let first = exchange(at: 0)
    #expect(told(first.exchange) == record)
    #expect(first.left.isEmpty)
    shared.beginAnew(at: now(1))
    let second = exchange(at: 1)
    #expect(told(second.exchange) == record)
    #expect(second.left == [first.node])
    // Nobody answered: the engine may know either name.
    shared.beginAnew(at: now(2))
    let third = exchange(at: 2)
    #expect(third.left == [first.node, second.node])
    _ = try shared.take(answer(), to: third.exchange, at: now(2))
    let fourth = exchange(at: 12)
    #expect(told(fourth.exchange).isEmpty && fourth.left.isEmpty && fourth.node == third.node)
    // The engine takes a server for gone that has said nothing for 15 seconds.
    let fifth = exchange(at: 23)
    #expect(told(fifth.exchange) == record)
    #expect(fifth.left == [third.node])
    withExtendedLifetime(held) {}
  }

  @Test func `a request is told until the engine has it, and those of others come with their age`() throws {
    let shared = server()
    shared.ask("x")
    let exchange = shared.exchange(at: now(0))
    #expect(told(exchange) == ["r", "x", "", "", "", ""])
    shared.putBack(exchange)
    #expect(shared.waitingCount == 1)
    let again = shared.exchange(at: now(0))
    let news = try shared.take(answer(requests: [["y", 40]]), to: again, at: now(0))
    #expect(news.requests == [SharedState.News.Request(text: "y", age: 40)])
    #expect(told(shared.exchange(at: now(0))).isEmpty)
  }

  @Test func `what waits is bounded, and what did not fit is counted`() {
    let shared = server()
    for number in 0..<UInt32(10_005) {
      _ = shared.failures.failed(
        IPAddress(v4: 0x0a00_0000 + number), user: "a".utf8, password: SecretBytes(copying: "p".utf8),
        at: now(0))
    }
    #expect(shared.waitingCount == 10_000)
    #expect(shared.failures.droppedFailures == 5)
    #expect(told(shared.exchange(at: now(0))).count == 6 * 200)
  }
}

extension [String] {
  fileprivate var chunks: [[String]] { stride(from: 0, to: count, by: 6).map { Array(self[$0..<$0 + 6]) } }
}
