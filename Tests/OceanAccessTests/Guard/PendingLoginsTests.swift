import OceanAddresses
import Synchronization
import TestSupport
import Testing
@testable import OceanAccess

@Suite struct PendingLoginsTests {
  /// Names the connections, and tells which of them gave way.
  private final class Logins: Sendable {
    typealias Ticket = PendingLogins.Ticket

    private let logins = PendingLogins()
    private let latest = Mutex<String?>(nil)

    var count: Int { logins.count }

    func admit(_ peer: IPAddress, to pool: PendingPool, holder: String, limit: Int) -> Ticket? {
      logins.admit(peer, to: pool, limit: limit) { [weak self] in self?.latest.withLock { $0 = holder } }
    }

    func makeRoom(for peer: IPAddress?, in pool: PendingPool?) -> String? {
      guard let giveWay = logins.makeRoom(for: peer, in: pool) else { return nil }
      giveWay()
      return latest.withLock { $0 }
    }

    func hasGiver(for peer: IPAddress?, in pool: PendingPool?) -> Bool {
      logins.hasGiver(for: peer, in: pool)
    }
  }

  private final class Service {}
  private let service = Service()
  private let other = Service()
  private var pool: PendingPool { .service(ObjectIdentifier(service)) }

  private func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> IPAddress {
    IPAddress(v4: a << 24 | b << 16 | c << 8 | d)
  }

  /// An address in `2001:db8::/32`, with a number that counts in subnets of /48, /56 or /64.
  private func v6(_ number: UInt128, _ length: UInt128) -> IPAddress {
    IPAddress(v6: 0x2001_0db8 << 96 + number << (128 - length) + 1)
  }

  private func fill(
    _ logins: Logins, with peers: [IPAddress], each count: Int, in pool: PendingPool? = nil
  ) -> [Logins.Ticket] {
    (0..<count).flatMap { round in
      peers.compactMap {
        logins.admit($0, to: pool ?? self.pool, holder: "\($0) \(round)", limit: .max)
      }
    }
  }

  @Test func `the largest holder gives way, its oldest connection first`() {
    let logins = Logins()
    let tickets =
      fill(logins, with: [v4(192, 0, 2, 1)], each: 3) + fill(logins, with: [v4(198, 51, 100, 1)], each: 4)
    #expect(logins.makeRoom(for: v4(203, 0, 113, 1), in: pool) == "198.51.100.1 0")
    // If sizes are equal, the address whose oldest connection has waited longest gives way.
    #expect(logins.makeRoom(for: v4(203, 0, 113, 1), in: pool) == "192.0.2.1 0")
    #expect(logins.makeRoom(for: v4(203, 0, 113, 1), in: pool) == "198.51.100.1 1")
    #expect(logins.count == 4)
    #expect(tickets.filter { $0.giveBack() }.count == 4)
    #expect(logins.makeRoom(for: v4(203, 0, 113, 1), in: pool) == nil)
  }

  @Test func `nobody gives way to whoever has the most`() {
    let logins = Logins()
    let tickets =
      fill(logins, with: [v4(192, 0, 2, 1)], each: 5) + fill(logins, with: [v4(198, 51, 100, 1)], each: 5)
    #expect(logins.makeRoom(for: v4(192, 0, 2, 1), in: pool) == nil)
    #expect(logins.makeRoom(for: v4(198, 51, 100, 1), in: pool) == nil)
    // A neighbour of equals has the same right as any other client: a connection of its own network gives
    // way.
    #expect(logins.makeRoom(for: v4(198, 51, 100, 2), in: pool) == "198.51.100.1 0")
    withExtendedLifetime(tickets) {}
  }

  /// Ten addresses with twenty connections each; either their common network is the largest, or each of them
  /// alone.
  @Test(arguments: ["v4 neighbours", "v4 scattered", "/64 of a /56", "/56 of a /48", "/48 scattered"])
  func `ten addresses keep out nobody`(_ kind: String) {
    let attackers = (UInt128(0)..<10).map { number -> IPAddress in
      switch kind {
      case "v4 neighbours": v4(192, 0, 2, UInt32(number))
      case "v4 scattered": v4(UInt32(number) + 10, 1, 2, 3)
      case "/64 of a /56": v6(number, 64)
      case "/56 of a /48": v6(number, 56)
      default: v6(number, 48)
      }
    }
    let logins = Logins()
    var tickets = fill(logins, with: attackers, each: 20)
    let neighbour = kind.hasPrefix("v4") ? v4(192, 0, 2, 200) : v6(300, 64)
    // Other clients, from far and from near, with four connections each.
    for newcomer in [v4(203, 0, 113, 9), v6(0x7fff, 48), neighbour] {
      for round in 0..<4 {
        let gave = logins.makeRoom(for: newcomer, in: pool)
        #expect(attackers.contains { gave?.hasPrefix("\($0) ") == true }, "\(gave ?? "nobody")")
        tickets += [logins.admit(newcomer, to: pool, holder: "client \(round)", limit: .max)].compactMap(
          \.self)
      }
    }
    for attacker in attackers where kind != "v4 scattered" && kind != "/48 scattered" {
      let gave = logins.makeRoom(for: attacker, in: pool)
      #expect(gave?.hasPrefix("client") != true)
    }
  }

  @Test func `two hundred addresses with one connection each give way in the order in which they came`() {
    let logins = Logins()
    let peers = (UInt32(0)..<200).map { v4(10, 0, $0, 1) }
    let tickets = fill(logins, with: peers, each: 1)
    for peer in peers.prefix(50) {
      #expect(logins.makeRoom(for: v4(203, 0, 113, 1), in: pool) == "\(peer) 0")
    }
    withExtendedLifetime(tickets) {}
  }

  @Test func `a place at a service is given by its own connections, one before login by all`() {
    let logins = Logins()
    let elsewhere = PendingPool.service(ObjectIdentifier(other))
    let tickets =
      fill(logins, with: [v4(192, 0, 2, 1)], each: 2)
      + fill(logins, with: [v4(198, 51, 100, 1)], each: 3, in: elsewhere)
      + fill(logins, with: [v4(127, 0, 0, 1)], each: 4, in: .unnamed)
    let newcomer = v4(203, 0, 113, 1)
    #expect(logins.hasGiver(for: newcomer, in: pool))
    #expect(logins.makeRoom(for: newcomer, in: pool) == "192.0.2.1 0")
    #expect(logins.makeRoom(for: newcomer, in: elsewhere) == "198.51.100.1 0")
    #expect(logins.makeRoom(for: newcomer, in: nil) == "127.0.0.1 0")
    // A proxy's next client may be anybody.
    #expect(logins.makeRoom(for: nil, in: nil) == "127.0.0.1 1")
    #expect(logins.count == 5)
    withExtendedLifetime(tickets) {}
  }

  @Test func `a limit holds, and a place is given back once`() {
    let logins = Logins()
    let first = logins.admit(somewhere, to: pool, holder: "first", limit: 1)
    #expect(logins.admit(somewhere, to: pool, holder: "second", limit: 1) == nil)
    #expect(logins.makeRoom(for: nil, in: nil) == "first")
    #expect(first?.giveBack() == false)
    var second = logins.admit(somewhere, to: pool, holder: "second", limit: 1)
    #expect(second?.giveBack() == true)
    #expect(second?.giveBack() == false)
    second = logins.admit(somewhere, to: pool, holder: "third", limit: 1)
    #expect(logins.count == 1)
    second = nil
    #expect(logins.count == 0)
    #expect(logins.admit(somewhere, to: pool, holder: "", limit: 0) == nil)
  }

  /// Compares with a list that is searched from one end to the other.
  @Test(arguments: 0..<20) func `as a plain list says`(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let logins = Logins()
    var model: [(peer: IPAddress, name: String, ticket: Logins.Ticket)] = []
    for step in 0..<600 {
      let peer = v4(10, 0, .random(in: 0..<4, using: &random), .random(in: 0..<4, using: &random))
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        guard let ticket = logins.admit(peer, to: pool, holder: "\(step)", limit: 60) else { continue }
        model.append((peer, "\(step)", ticket))
      case 5..<8:
        guard !model.isEmpty else { continue }
        let gone = model.remove(at: .random(in: 0..<model.count, using: &random))
        #expect(gone.ticket.giveBack())
      default:
        let expected = Self.giver(for: peer, among: model.map { ($0.peer.value, $0.name) })
        #expect(logins.hasGiver(for: peer, in: pool) == (expected != nil))
        #expect(logins.makeRoom(for: peer, in: pool) == expected)
        model.removeAll { $0.name == expected }
      }
      #expect(logins.count == model.count)
    }
  }

  /// The rule, spelled out for IPv4; connections in the order in which they came.
  private static func giver(for peer: IPAddress, among all: [(peer: UInt128, name: String)]) -> String? {
    typealias Connections = [(peer: UInt128, name: String)]
    func split(_ connections: Connections, _ shift: UInt128) -> [UInt128: Connections] {
      Dictionary(grouping: connections) { $0.peer >> shift }
    }
    func largest(_ groups: [UInt128: Connections]) -> Connections? {
      // If sizes are equal, it is the one whose largest address has the oldest connection.
      groups.values.max { a, b in
        let (oldestA, oldestB) = (oldest(a), oldest(b))
        return a.count != b.count ? a.count < b.count : Int(oldestA) ?? 0 > Int(oldestB) ?? 0
      }
    }
    func oldest(_ connections: Connections) -> String {
      let addresses = Dictionary(grouping: connections, by: \.peer).values
      let most = addresses.map(\.count).max() ?? 0
      return addresses.filter { $0.count == most }.compactMap(\.first?.name).min {
        Int($0) ?? 0 < Int($1) ?? 0
      } ?? ""
    }
    var candidates = all
    for shift in [UInt128(8), 0] {
      let groups = split(candidates, shift)
      guard let first = largest(groups) else { return nil }
      let own = groups[peer.value >> shift] ?? []
      if first.count > own.count { return oldest(first) }
      candidates = own
    }
    return nil
  }
}
