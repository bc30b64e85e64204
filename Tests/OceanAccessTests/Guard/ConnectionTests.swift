import OceanAddresses
import Synchronization
import TestSupport
import Testing
@testable import OceanAccess

@Suite struct ConnectionTests {
  @Test func `counts each address`() {
    let counter = ConnectionCounter()
    let network = IPAddress(v6: 0x2001_0db8 << 96)
    do {
      let first = counter.admit(somewhere, limit: 2)
      let second = counter.admit(somewhere, limit: 2)
      let third = counter.admit(somewhere, limit: 2)
      let other = counter.admit(network, limit: 2)
      let admitted = [first != nil, second != nil, third != nil, other != nil]
      #expect(admitted == [true, true, false, true])
      #expect(counter.count(of: somewhere) == 2)
      #expect(counter.count(of: IPAddress(v6: network.value + 9)) == 1)
      #expect(counter.refuses(IPAddress(v6: network.value + 9), limit: 1))
      // A limit that was lowered ends no connection, and admits none.
      #expect(counter.refuses(somewhere, limit: 1))
      #expect(counter.refuses(IPAddress(v4: 1), limit: 0))
      #expect(counter.refuses(IPAddress(v4: 1), limit: -1))
    }
    #expect(counter.count(of: somewhere) == 0)
    #expect(counter.count(of: network) == 0)
  }

  /// Threads that come and go at random: never above the limit, and no place stays taken.
  @Test func `exact among threads`() async {
    let counter = ConnectionCounter()
    let pending = PendingLogins()
    let pool = PendingPool.unnamed
    let live = (0..<3).map { _ in Live() }
    await withTaskGroup(of: Void.self) { group in
      for seed in 0..<8 {
        group.addTask {
          var random = SeededGenerator(seed: UInt64(seed))
          for _ in 0..<3000 {
            let peer = Int.random(in: 0..<3, using: &random)
            guard let ticket = counter.admit(IPAddress(v4: UInt32(peer)), limit: 3) else { continue }
            let now = live[peer].count.wrappingAdd(1, ordering: .relaxed).newValue
            #expect(now <= 3)
            let place = IPAddress(v4: UInt32(peer))
            if let login = pending.admit(place, to: pool, limit: 4, giveWay: {}) {
              #expect(live[0].pending.wrappingAdd(1, ordering: .relaxed).newValue <= 4)
              live[0].pending.wrappingSubtract(1, ordering: .relaxed)
              #expect(login.giveBack())
            }
            live[peer].count.wrappingSubtract(1, ordering: .relaxed)
            _ = consume ticket
          }
        }
      }
    }
    for peer in 0..<3 { #expect(counter.count(of: IPAddress(v4: UInt32(peer))) == 0) }
    #expect(pending.count == 0)
    #expect(!counter.refuses(IPAddress(v4: 0), limit: 1))
  }

  private final class Live: Sendable {
    let count = Atomic(0)
    let pending = Atomic(0)
  }

  // MARK: - Rates

  @Test(arguments: [1, 2, 7, 60, 1000]) func `a minute's connections at once`(perMinute: Int) {
    let rate = ConnectionRate()
    for _ in 0..<perMinute { #expect(rate.admit(somewhere, perMinute: perMinute, at: .start)) }
    for _ in 0..<5 { #expect(!rate.admit(somewhere, perMinute: perMinute, at: .start)) }
    #expect(rate.admit(IPAddress(v4: 1), perMinute: perMinute, at: .start))
    let interval = 60 * second / Int64(perMinute)
    #expect(!rate.admit(somewhere, perMinute: perMinute, at: .start + (interval - 60)))
    #expect(rate.admit(somewhere, perMinute: perMinute, at: .start + (interval + 60)))
    #expect(!rate.admit(somewhere, perMinute: perMinute, at: .start + (interval + 60)))
    for _ in 0..<perMinute { #expect(rate.admit(somewhere, perMinute: perMinute, at: .start + 200 * second)) }
  }

  @Test(arguments: [0, -1, Int.min]) func `no connections a minute`(perMinute: Int) {
    #expect(!ConnectionRate().admit(somewhere, perMinute: perMinute, at: .start))
  }

  /// No minute has twice the limit, and a client that keeps asking gets the limit a minute.
  @Test(arguments: 0..<10) func `every minute`(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let rate = ConnectionRate()
    let perMinute = Int.random(in: 1...30, using: &random)
    var (now, admitted) = (Int64(0), [Int64]())
    while now < 3600 * second {
      if rate.admit(somewhere, perMinute: perMinute, at: .start + now) { admitted.append(now) }
      now += Int64.random(in: 0...second, using: &random)
    }
    var first = 0
    for (index, time) in admitted.enumerated() {
      while admitted[first] <= time - 60 * second { first += 1 }
      #expect(index - first + 1 < 2 * perMinute || perMinute == 1)
    }
    #expect(admitted.count >= 59 * perMinute * 9 / 10)
    #expect(admitted.count <= 61 * perMinute)
  }

  /// With sixteen places, the address that used least of its allowance gives way.
  @Test func `rate keeps the busiest`() {
    let rate = ConnectionRate(capacity: 16)
    for peer in 0..<16 {
      for _ in 0...(peer % 4) { _ = rate.admit(IPAddress(v4: UInt32(peer)), perMinute: 4, at: .start) }
    }
    for peer in UInt32(100)..<200 { #expect(rate.admit(IPAddress(v4: peer), perMinute: 4, at: .start)) }
    #expect(!rate.admit(IPAddress(v4: 3), perMinute: 4, at: .start))
    rate.sweep(at: .start + 14 * second)
    #expect(!rate.admit(IPAddress(v4: 3), perMinute: 4, at: .start + 14 * second))
    rate.sweep(at: .start + 60 * second)
    for _ in 0..<4 { #expect(rate.admit(IPAddress(v4: 3), perMinute: 4, at: .start + 60 * second)) }
  }
}

extension ConnectionCounter {
  /// `#expect` takes no values that cannot be copied.
  fileprivate func refuses(_ peer: IPAddress, limit: Int) -> Bool { admit(peer, limit: limit) == nil }
}
