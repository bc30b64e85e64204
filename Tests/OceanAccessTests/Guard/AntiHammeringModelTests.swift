import OceanAddresses
import TestSupport
import Testing
@testable import OceanAccess

/// Random histories of a few addresses, next to a model that is plain and slow.
@Suite struct AntiHammeringModelTests {
  @Test(arguments: 0..<16) func `histories`(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let peers = [
      somewhere, IPAddress(v4: 0xc000_0202), IPAddress(v4: 0x7f00_0001), IPAddress(v6: 1),
      IPAddress(v6: 0x2001_0db8 << 96 | 1), IPAddress(v6: 0x2001_0db8 << 96 | 2),
      IPAddress(v6: 0x2001_0db8_0000_0001 << 64),
    ]
    var limits = randomLimits(peers, &random)
    let guardian = AntiHammering(limits, capacity: 256)
    var model = Model(limits)
    var now = ClockReading.start
    let steps: [Int64] = [0, 0, 0, 1, second, 3 * second, 60 * second, 450 * second, 900 * second]
    for _ in 0..<300 {
      now = now + (steps.randomElement(using: &random) ?? 0)
      let peer = peers.randomElement(using: &random) ?? somewhere
      switch Int.random(in: 0..<100, using: &random) {
      case 0:
        limits = randomLimits(peers, &random)
        #expect(guardian.apply(limits, at: now) == model.apply(limits, at: now))
      case 1: #expect(guardian.unblockAll(at: now) == model.unblock(at: now) { _ in true })
      case 2..<5:
        let prefix = IPPrefix(peer, length: [8, 32, 64, 128].randomElement(using: &random) ?? 0)
        #expect(
          guardian.unblock(prefix, at: now)
            == model.unblock(at: now) { $0.contains(prefix.network) || prefix.contains($0.network) })
      case 5..<10: guardian.sweep(at: now)
      default:
        let user = ["anna", "bert"].randomElement(using: &random) ?? ""
        let password = [nil, "a", "b", "c", "d", "e"].randomElement(using: &random) ?? nil
        let outcome = guardian.failed(peer, Array(user.utf8), password, at: now)
        #expect(outcome == model.failed(peer, user, password, at: now))
      }
      for peer in peers {
        #expect(guardian.block(of: peer, at: now) == model.block(of: peer, at: now))
        #expect(guardian.delay(for: peer, at: now) == model.delay(for: peer, at: now))
      }
      #expect(guardian.blocks(at: now) == model.blocks(at: now))
    }
  }

  private func randomLimits(_ peers: [IPAddress], _ random: inout SeededGenerator) -> AntiHammering.Limits {
    let never = peers.filter { _ in Int.random(in: 0..<8, using: &random) == 0 }
    return AntiHammering.Limits(
      maxFailures: Int.random(in: 0...8, using: &random),
      forgetAfterSeconds: [0, 1, 60, 900].randomElement(using: &random) ?? 0,
      blockForSeconds: [0, 1, 60, 1800].randomElement(using: &random) ?? 0,
      failureDelayMilliseconds: [0, 1000, 4000].randomElement(using: &random) ?? 0,
      neverBlock: AddressSet(never.map { AddressPattern($0) }))
  }
}

private struct Model {
  struct Failure {
    let forgottenAt: Int64
    let guess: [String]?
  }

  var limits: AntiHammering.Limits
  var failures: [IPPrefix: [Failure]] = [:]
  var nextAttempt: [IPPrefix: Int64] = [:]
  var blocked: [IPPrefix: (block: Block, ends: Int64)] = [:]

  init(_ limits: AntiHammering.Limits) { self.limits = limits }

  func prefix(_ peer: IPAddress) -> IPPrefix { IPPrefix(peer, length: peer.family == .v4 ? 32 : 64) }

  mutating func failed(
    _ peer: IPAddress, _ user: String, _ password: String?, at now: ClockReading
  ) -> AntiHammering.Outcome {
    if limits.neverBlock.contains(peer) { return .exempt }
    let prefix = prefix(peer)
    if let block = blocked[prefix], block.ends > now.monotonic { return .blocked(block.block, isNew: false) }
    var known = failures[prefix] ?? []
    if let last = known.last, last.forgottenAt <= now.monotonic { known = [] }
    let guess = password.map { [user, $0] }
    let remembered = known.compactMap(\.guess)
    if let guess, remembered.contains(guess) { return .repeated }
    let keeps = remembered.count < limits.maxFailures
    let forgottenAt = now.monotonic + Int64(limits.forgetAfterSeconds) * second
    known.append(Failure(forgottenAt: forgottenAt, guess: keeps ? guess : nil))
    failures[prefix] = known
    nextAttempt[prefix] = min(
      max(nextAttempt[prefix] ?? 0, now.monotonic) + Int64(limits.failureDelayMilliseconds) * 1_000_000,
      now.monotonic + 15 * second)
    if known.count <= limits.maxFailures { return .counted(known.count) }
    let length = Int64(limits.blockForSeconds) * second
    let block = Block(prefix: prefix, since: now.wall, until: now.wall + length, failures: known.count)
    blocked[prefix] = (block, now.monotonic + length)
    return .blocked(block, isNew: true)
  }

  func block(of peer: IPAddress, at now: ClockReading) -> Block? {
    limits.neverBlock.contains(peer) ? nil : blocks(at: now).first { $0.prefix.contains(peer) }
  }

  func delay(for peer: IPAddress, at now: ClockReading) -> Int64 {
    limits.neverBlock.contains(peer) ? 0 : max((nextAttempt[prefix(peer)] ?? 0) - now.monotonic, 0)
  }

  func blocks(at now: ClockReading) -> [Block] {
    blocked.values.filter { $0.ends > now.monotonic }.map(\.block).sorted { $0.prefix < $1.prefix }
  }

  mutating func unblock(at now: ClockReading, where condition: (IPPrefix) -> Bool) -> [Block] {
    let lifted = blocks(at: now).filter { condition($0.prefix) }
    for block in lifted {
      blocked[block.prefix] = nil
      failures[block.prefix] = nil
      nextAttempt[block.prefix] = nil
    }
    return lifted
  }

  mutating func apply(_ limits: AntiHammering.Limits, at now: ClockReading) -> [Block] {
    self.limits = limits
    return unblock(at: now) { AddressSet([AddressPattern($0)]).isSubset(of: limits.neverBlock) }
  }
}
