import OceanAccess
import OceanAddresses
import OceanBase
import TestSupport

let limits = AntiHammering.Limits(failureDelayMilliseconds: 3000, neverBlock: AddressSet())
let start = ClockReading(monotonic: now(), wall: 1_800_000_000_000_000_000)

/// Returns the n-th of 2²⁴ different addresses, scattered over IPv4.
func attacker(_ number: Int) -> IPAddress {
  IPAddress(v4: UInt32(truncatingIfNeeded: number) &* 2_654_435_761)
}

// MARK: - block(of:)

/// Returns the nanoseconds per call: the median over batches far shorter than a time slice.
func lookup(_ guardian: AntiHammering, _ address: (inout SeededGenerator) -> IPAddress) -> (Double, hits: Int)
{
  var random = SeededGenerator(seed: 1)
  var batch = [IPAddress](repeating: IPAddress(v4: 0), count: 4096)
  var hits = 0
  let times = (0..<501).map { _ in
    for index in batch.indices { batch[index] = address(&random) }
    let begin = now()
    for peer in batch where guardian.block(of: peer, at: start) != nil { hits += 1 }
    return now() - begin
  }
  return (Double(times.sorted()[250]) / Double(batch.count), hits)
}

print("| blocks | asked of | ns a call | blocked |\n|---|---|---|---|")
for blocks in [0, 1, 1000, 1_000_000] {
  let guardian = AntiHammering(limits)
  guardian.restore(
    (0..<blocks).map { number in
      Block(
        prefix: IPPrefix(attacker(number), length: 32), since: start.wall,
        until: start.wall + 1_000_000_000_000,
        failures: 6)
    }, at: start)
  let cold = lookup(guardian) { IPAddress(v4: UInt32(truncatingIfNeeded: $0.next())) }
  print("| \(blocks) | any address | \(tenths(cold.0)) | \(cold.hits * 100 / (501 * 4096)) % |")
  let warm = lookup(guardian) { IPAddress(v4: 0xcb00_7100 | UInt32($0.next() & 0xff)) }
  print("| \(blocks) | 256 addresses | \(tenths(warm.0)) | \(warm.hits * 100 / (501 * 4096)) % |")
  guard blocks > 0 else { continue }
  let blocked = lookup(guardian) { attacker(Int($0.next() % UInt64(blocks))) }
  print("| \(blocks) | blocked ones | \(tenths(blocked.0)) | \(blocked.hits * 100 / (501 * 4096)) % |")
}

// MARK: - A million attackers

/// Lets each address fail six times, with a new password each time; each IPv6 address has its own /64.
func attack(_ name: String, addresses: Int, _ address: (Int) -> IPAddress) {
  let guardian = AntiHammering(limits)
  let passwords = (0..<6).map { SecretBytes(copying: "guess \($0)".utf8) }
  let before = residentMemory()
  var (longest, blocked, calls) = (Int64(0), 0, 0)
  let begin = now()
  for password in passwords {
    for number in 0..<addresses {
      let preempted = preemptions()
      let time = now()
      let outcome = guardian.failed(address(number), user: "anna".utf8, password: password, at: start)
      let took = now() - time
      // A pause for another program on the machine does not count as ocean's.
      if preemptions() == preempted { longest = max(longest, took) }
      calls += 1
      if case .blocked = outcome { blocked += 1 }
    }
  }
  let mean = Double(now() - begin) / Double(calls)
  let memory = residentMemory() - before
  let sweep = now()
  guardian.sweep(at: ClockReading(monotonic: start.monotonic + 3_600_000_000_000, wall: start.wall))
  let swept = now() - sweep
  print(
    "| \(name) | \(blocked) | \(megabytes(memory)) | \(tenths(mean)) | \(microseconds(longest)) |"
      + " \(microseconds(swept)) |")
}

print("\n| attackers | blocked | MB | ns a failure | longest, µs | sweep, µs |\n|---|---|---|---|---|---|")
attack("1,000,000 of IPv4", addresses: 1_000_000, attacker)
attack("1,000,000 of IPv6", addresses: 1_000_000) { IPAddress(v6: 0x2001_0db8 << 96 | UInt128($0) << 64 | 1) }
attack("3,000,000 of IPv6", addresses: 3_000_000) { IPAddress(v6: 0x2001_0db8 << 96 | UInt128($0) << 64 | 1) }
print("\nRepeat with: swift run -c release Guard")
