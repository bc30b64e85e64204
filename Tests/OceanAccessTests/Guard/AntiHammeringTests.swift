import OceanAddresses
import Testing
@testable import OceanAccess

@Suite struct AntiHammeringTests {
  let anna = Array("anna".utf8)

  @Test func `the sixth failure blocks`() {
    let guardian = AntiHammering(.usual)
    for failure in 1...5 {
      #expect(guardian.failed(somewhere, anna, "wrong \(failure)", at: .start) == .counted(failure))
      #expect(guardian.block(of: somewhere, at: .start) == nil)
    }
    let until = ClockReading.start.wall + 1800 * second
    let block = Block(
      prefix: IPPrefix(somewhere, length: 32), since: ClockReading.start.wall, until: until, failures: 6)
    #expect(guardian.failed(somewhere, anna, "wrong 6", at: .start) == .blocked(block, isNew: true))
    #expect(guardian.failed(somewhere, anna, "wrong 7", at: .start) == .blocked(block, isNew: false))
    #expect(guardian.blocks(at: .start) == [block])
    #expect(guardian.block(of: somewhere, at: .start + 1799 * second) == block)
    #expect(guardian.block(of: somewhere, at: .start + 1800 * second) == nil)
    #expect(guardian.blocks(at: .start + 1800 * second).isEmpty)
    #expect(guardian.failed(somewhere, anna, "wrong 8", at: .start + 1800 * second) == .counted(1))
  }

  @Test func `a wrong password counts once for a user`() {
    let guardian = AntiHammering(.usual)
    #expect(guardian.failed(somewhere, anna, "old", at: .start) == .counted(1))
    for _ in 0..<20 { #expect(guardian.failed(somewhere, anna, "old", at: .start) == .repeated) }
    // The octets are the same in all, but the name differs.
    #expect(guardian.failed(somewhere, Array("annao".utf8), "ld", at: .start) == .counted(2))
    #expect(guardian.failed(somewhere, anna, nil, at: .start) == .counted(3))
    #expect(guardian.failed(somewhere, anna, nil, at: .start) == .counted(4))
    #expect(guardian.failed(IPAddress(v4: 7), anna, "old", at: .start) == .counted(1))
  }

  /// A device that repeats itself does not keep other failures in memory.
  @Test func `repeats do not restart the timer`() {
    let guardian = AntiHammering(.usual)
    _ = guardian.failed(somewhere, anna, "old", at: .start)
    _ = guardian.failed(somewhere, anna, "typo", at: .start)
    #expect(guardian.failed(somewhere, anna, "old", at: .start + 899 * second) == .repeated)
    #expect(guardian.failed(somewhere, anna, "old", at: .start + 900 * second) == .counted(1))
    #expect(guardian.failed(somewhere, anna, "new", at: .start + 1799 * second) == .counted(2))
    #expect(guardian.failed(somewhere, anna, "old", at: .start + 2698 * second) == .repeated)
  }

  @Test func `many different guesses are remembered`() {
    var limits = AntiHammering.Limits.usual
    limits.maxFailures = 40
    let guardian = AntiHammering(limits)
    for guess in 0..<40 { _ = guardian.failed(somewhere, anna, "\(guess)", at: .start) }
    for guess in 0..<40 { #expect(guardian.failed(somewhere, anna, "\(guess)", at: .start) == .repeated) }
    #expect(guardian.failed(somewhere, anna, nil, at: .start).isNewBlock)
  }

  @Test(arguments: [0, -1]) func `no failure allowed`(maxFailures: Int) {
    var limits = AntiHammering.Limits.usual
    limits.maxFailures = maxFailures
    #expect(AntiHammering(limits).failed(somewhere, anna, "wrong", at: .start).isNewBlock)
  }

  /// The wall clock may be set to anything meanwhile.
  @Test func `blocks end by the monotonic clock`() {
    let guardian = AntiHammering(.usual)
    guardian.block(somewhere)
    for wall in [0, Int64.min, .max] {
      let later = ClockReading.start + 1799 * second
      #expect(guardian.block(of: somewhere, at: ClockReading(monotonic: later.monotonic, wall: wall)) != nil)
      #expect(
        guardian.block(of: somewhere, at: ClockReading(monotonic: later.monotonic + second, wall: wall))
          == nil)
    }
  }

  /// Times that are shown and stored say how long a block has been in force and still is, whatever the wall
  /// clock says now.
  @Test(arguments: [-15_000 * 86_400, -86_400, 86_400, 4000 * 86_400])
  func `a clock that was set changes nothing of what is left`(by seconds: Int64) throws {
    let guardian = AntiHammering(.usual)
    guardian.block(somewhere)
    let later = ClockReading.start + 600 * second
    let now = ClockReading(monotonic: later.monotonic, wall: later.wall + seconds * second)
    let block = try #require(guardian.block(of: somewhere, at: now))
    #expect(block.until - now.wall == 1200 * second)
    #expect(now.wall - block.since == 600 * second)
    #expect(guardian.blocks(at: now) == [block])
  }

  @Test func `a clock that is kept right does not move what is shown`() throws {
    let guardian = AntiHammering(.usual)
    guardian.block(somewhere)
    let block = guardian.block(of: somewhere, at: .start)
    let later = ClockReading.start + 600 * second
    let now = ClockReading(monotonic: later.monotonic, wall: later.wall + second / 3)
    #expect(guardian.block(of: somewhere, at: now) == block)
  }

  // MARK: - Delays

  @Test func `failures that count delay the next attempt`() {
    let guardian = AntiHammering(.usual)
    #expect(guardian.delay(for: somewhere, at: .start) == 0)
    for (failure, expected) in [3, 6, 9, 12, 15, 15].enumerated() {
      _ = guardian.failed(somewhere, anna, "\(failure)", at: .start)
      #expect(guardian.delay(for: somewhere, at: .start) == Int64(expected) * second)
      _ = guardian.failed(somewhere, anna, "\(failure)", at: .start)
      #expect(guardian.delay(for: somewhere, at: .start) == Int64(expected) * second)
    }
    #expect(guardian.delay(for: somewhere, at: .start + 14 * second) == second)
    #expect(guardian.delay(for: somewhere, at: .start + 15 * second) == 0)
    #expect(guardian.delay(for: IPAddress(v4: 7), at: .start) == 0)
  }

  // MARK: - Who counts as one

  @Test func `prefixes of IPv6 count as one`() throws {
    let guardian = AntiHammering(.usual)
    let network = IPAddress(v6: 0x2001_0db8 << 96)
    for host in 1...6 { _ = guardian.failed(address(network, host), anna, "\(host)", at: .start) }
    #expect(guardian.block(of: address(network, 99), at: .start)?.prefix.description == "2001:db8::/64")
    #expect(guardian.block(of: IPAddress(v6: 0x2001_0db8_0000_0001 << 64), at: .start) == nil)
    // Where a mapped address would be in the key space.
    for host in 1...6 {
      _ = guardian.failed(IPAddress(v6: UInt128(host)), anna, "\(host)", at: .start)
    }
    #expect(guardian.block(of: IPAddress(v6: 7), at: .start)?.prefix.description == "::/64")
    #expect(guardian.block(of: IPAddress(v4: 7), at: .start) == nil)
  }

  @Test(arguments: [-5, 1, 48, 96, 97, 128, 500]) func `any prefix length`(length: Int) {
    let guardian = AntiHammering(.usual, v6PrefixLength: length)
    let peer = IPAddress(v6: 0x2001_0db8 << 96 | 1)
    guardian.block(peer)
    #expect(guardian.block(of: peer, at: .start)?.prefix.length == min(max(length, 1), 128))
    guardian.block(somewhere)
    #expect(guardian.block(of: somewhere, at: .start)?.prefix == IPPrefix(somewhere, length: 32))
  }

  @Test func `never blocked is never counted`() throws {
    var limits = AntiHammering.Limits.usual
    let friend = IPAddress(v6: 0x2001_0db8 << 96 | 1)
    limits.neverBlock = AddressSet([AddressPattern(friend)])
    let guardian = AntiHammering(limits)
    for _ in 0..<20 { #expect(guardian.failed(friend, anna, nil, at: .start) == .exempt) }
    #expect(guardian.delay(for: friend, at: .start) == 0)
    // A neighbour in its prefix does it no harm.
    guardian.block(address(friend, 1))
    #expect(guardian.block(of: address(friend, 1), at: .start) != nil)
    #expect(guardian.block(of: friend, at: .start) == nil)
    #expect(guardian.delay(for: friend, at: .start) == 0)
  }

  // MARK: - Other numbers

  @Test func `state outlives other numbers`() {
    let guardian = AntiHammering(.usual)
    for guess in 0..<4 { _ = guardian.failed(somewhere, anna, "\(guess)", at: .start) }
    var limits = AntiHammering.Limits.usual
    limits.maxFailures = 4
    limits.blockForSeconds = 60
    #expect(guardian.apply(limits, at: .start).isEmpty)
    #expect(guardian.failed(somewhere, anna, "0", at: .start) == .repeated)
    #expect(guardian.failed(somewhere, anna, "4", at: .start).isNewBlock)
    #expect(guardian.block(of: somewhere, at: .start + 60 * second) == nil)
    // Still counted: an address that fails again is blocked again.
    #expect(guardian.failed(somewhere, anna, "5", at: .start + 60 * second).isNewBlock)
  }

  @Test func `who is never blocked now is free`() throws {
    let guardian = AntiHammering(.usual)
    let (inside, partly) = (IPAddress(v4: 0x0a00_0001), IPAddress(v6: 0x2001_0db8 << 96 | 1))
    for peer in [inside, partly, somewhere] { guardian.block(peer) }
    var limits = AntiHammering.Limits.usual
    limits.neverBlock = AddressSet([
      AddressPattern(IPPrefix(inside, length: 8)), AddressPattern(IPPrefix(partly, length: 65)),
    ])
    #expect(guardian.apply(limits, at: .start).map(\.prefix) == [IPPrefix(inside, length: 32)])
    #expect(guardian.blocks(at: .start).map(\.prefix.description) == ["192.0.2.1/32", "2001:db8::/64"])
    #expect(guardian.block(of: partly, at: .start) == nil)
  }

  // MARK: - Unblocking, restoring

  @Test(arguments: [
    ("192.0.2.1", ["192.0.2.1/32"]), ("192.0.0.0/8", ["192.0.2.1/32", "192.0.2.2/32"]),
    ("2001:db8::5", ["2001:db8::/64"]), ("2001:db8::/32", ["2001:db8::/64", "2001:db8:0:1::/64"]),
    ("198.51.100.1", []),
  ])
  func `unblocking`(text: String, lifted: [String]) throws {
    let guardian = AntiHammering(.usual)
    let network = IPAddress(v6: 0x2001_0db8 << 96)
    let peers = [
      somewhere, IPAddress(v4: 0xc000_0202), network, IPAddress(v6: network.value | 1 << 64),
    ]
    for peer in peers { guardian.block(peer) }
    let all = guardian.blocks(at: .start)
    #expect(all.count == 4)
    #expect(guardian.unblock(try IPPrefix(parsing: text), at: .start).map(\.prefix.description) == lifted)
    #expect(guardian.blocks(at: .start) == all.filter { !lifted.contains($0.prefix.description) })
    #expect(guardian.unblockAll(at: .start) == all.filter { !lifted.contains($0.prefix.description) })
    #expect(guardian.blocks(at: .start).isEmpty)
    for peer in peers { #expect(guardian.failed(peer, anna, "0", at: .start) == .counted(1)) }
  }

  @Test func `restoring takes what is left`() throws {
    let wall = ClockReading.start.wall
    func block(_ text: String, until: Int64) throws -> Block {
      Block(prefix: try IPPrefix(parsing: text), since: wall - second, until: until, failures: 6)
    }
    let guardian = AntiHammering(.usual)
    guardian.restore(
      [
        try block("192.0.2.1", until: wall + 60 * second), try block("192.0.2.2", until: .max),
        try block("192.0.2.3", until: wall), try block("2001:db8::/48", until: wall + second),
        try block("2001:db8::/64", until: wall + second), try block("192.0.2.0/24", until: wall + second),
      ], at: .start)
    let expected = [
      try block("192.0.2.1", until: wall + 60 * second), try block("192.0.2.2", until: wall + 1800 * second),
      try block("2001:db8::/64", until: wall + second),
    ]
    #expect(guardian.blocks(at: .start) == expected)
    #expect(guardian.block(of: somewhere, at: .start + 60 * second) == nil)
    let past = ClockReading(monotonic: 0, wall: .min)
    let other = AntiHammering(.usual)
    other.restore(expected, at: past)
    #expect(other.block(of: somewhere, at: past + 1799 * second) != nil)
    #expect(other.block(of: somewhere, at: past + 1800 * second) == nil)
  }

  // MARK: - Bounds

  /// One group of sixteen: all compete.
  @Test func `the least dangerous count goes first`() {
    let guardian = AntiHammering(.usual, capacity: 16)
    for peer in 0..<16 {
      for guess in 0...(peer % 4) {
        _ = guardian.failed(IPAddress(v4: UInt32(peer)), anna, "\(guess)", at: .start + Int64(peer) * second)
      }
    }
    // Addresses with one failure: 0, 4, 8, 12. The oldest of them goes.
    let later = ClockReading.start + 100 * second
    #expect(guardian.failed(IPAddress(v4: 100), anna, "0", at: later) == .counted(1))
    #expect(guardian.failed(IPAddress(v4: 4), anna, "0", at: later) == .repeated)
    #expect(guardian.failed(IPAddress(v4: 0), anna, "0", at: later) == .counted(1))
    // Now 4 has gone.
    #expect(guardian.failed(IPAddress(v4: 8), anna, "0", at: later) == .repeated)
    #expect(guardian.failed(IPAddress(v4: 3), anna, "new", at: later) == .counted(5))
    #expect(guardian.failed(IPAddress(v4: 4), anna, "0", at: later) == .counted(1))
    // Forgotten ones go before any other; 1 to 15 are forgotten, 3 is not.
    let end = ClockReading.start + 950 * second
    for peer in 200..<210 { _ = guardian.failed(IPAddress(v4: UInt32(peer)), anna, "0", at: end) }
    #expect(guardian.failed(IPAddress(v4: 3), anna, "newer", at: end).isNewBlock)
  }

  @Test func `blocks and counts do not compete`() {
    let guardian = AntiHammering(.usual, capacity: 16)
    for peer in 0..<16 { guardian.block(IPAddress(v4: UInt32(peer)), at: .start + Int64(peer) * second) }
    for peer in 100..<1000 { _ = guardian.failed(IPAddress(v4: UInt32(peer)), anna, nil, at: .start) }
    #expect(guardian.blocks(at: .start).count == 16)
    guardian.block(IPAddress(v4: 100), at: .start + 20 * second)
    // The one that ends first went.
    let blocks = guardian.blocks(at: .start)
    #expect(blocks.count == 16)
    #expect(blocks.first?.prefix.network == IPAddress(v4: 1))
    #expect(blocks.last?.prefix.network == IPAddress(v4: 100))
  }

  /// However many fail at once, each failure counts once, and one of them blocks.
  @Test func `among threads`() async {
    let guardian = AntiHammering(.usual)
    let outcomes = await withTaskGroup(of: [AntiHammering.Outcome].self) { group in
      for thread in 0..<8 {
        group.addTask {
          (0..<400).map { step in
            if step % 50 == 0 { guardian.sweep(at: .start) }
            let peer = IPAddress(v4: UInt32(step / 2))
            _ = guardian.block(of: peer, at: .start)
            return guardian.failed(peer, [], "\(thread) \(step)", at: .start)
          }
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    // 16 failures for each of 200 addresses.
    #expect(outcomes.count { $0.isNewBlock } == 200)
    for failures in 1...5 { #expect(outcomes.count { $0 == .counted(failures) } == 200) }
    #expect(guardian.blocks(at: .start).count == 200)
  }

  @Test func `sweeping changes nothing`() {
    let guardian = AntiHammering(.usual)
    for peer in 0..<1000 { _ = guardian.failed(IPAddress(v4: UInt32(peer)), anna, "0", at: .start) }
    guardian.block(somewhere)
    guardian.sweep(at: .start + 899 * second)
    #expect(guardian.failed(IPAddress(v4: 5), anna, "0", at: .start + 899 * second) == .repeated)
    #expect(guardian.blocks(at: .start).count == 1)
    guardian.sweep(at: .start + 1800 * second)
    #expect(guardian.blocks(at: .start).isEmpty)
    #expect(guardian.failed(IPAddress(v4: 5), anna, "0", at: .start + 1800 * second) == .counted(1))
  }
}

private func address(_ network: IPAddress, _ host: Int) -> IPAddress {
  IPAddress(v6: network.value + UInt128(host))
}
