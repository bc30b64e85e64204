import FoundationEssentials
import Glibc
import OceanAddresses
import TestSupport

struct Scenario {
  let name: String
  let rules: Int
  let family: IPFamily

  func run() throws -> Measurement {
    var random = SeededGenerator(seed: 0x0cea_0cea)
    let text = listFile(&random)
    let parseStart = now()
    let list = AddressList(parsing: text, limits: .init(blocks: 4_000_000, errors: 10))
    let parsed = now()
    let resident = residentMemory()
    let compileStart = now()
    let table = RuleTable(list.rules)
    let compiled = now()
    let tableMemory = residentMemory() - resident
    precondition(list.errors.isEmpty && list.rules.count == rules)
    let peak = peakMemory()

    let setStart = now()
    let set = table.addresses
    let setDone = now()
    let blocked = set.count(family)

    let encodeStart = now()
    let encoded = try JSONEncoder().encode(set)
    let decodeStart = now()
    let decoded = try JSONDecoder().decode(AddressSet.self, from: encoded)
    let decodeDone = now()
    precondition(decoded == set)

    let coverStart = now()
    let covered = list.rules.covered().count
    let coverDone = now()

    let (hitRate, independent) = measureIndependent(table)
    return Measurement(
      name: name, fileBytes: text.count, parse: parsed - parseStart, compile: compiled - compileStart,
      set: setDone - setStart, cover: coverDone - coverStart, encode: decodeStart - encodeStart,
      decode: decodeDone - decodeStart, tableMemory: tableMemory, peakMemory: peak, hitRate: hitRate,
      independent: independent,
      dependent: measureDependent(table), checksum: "\(covered) covered, \(blocked) addresses")
  }

  /// Returns the nanoseconds per lookup of addresses that do not depend on each other's answers.
  ///
  /// Answers are stored, not branched on: a mispredicted branch on them would keep lookups from overlapping.
  private func measureIndependent(_ table: RuleTable) -> (hitRate: Double, nanoseconds: Double) {
    var random = SeededGenerator(seed: 1)
    var batch = [IPAddress](repeating: IPAddress(v4: 0), count: batchSize)
    var answers = [UInt32?](repeating: nil, count: batchSize)
    var hits = 0
    let nanoseconds = median {
      for index in batch.indices { batch[index] = address(&random) }
      let start = now()
      for index in batch.indices { answers[index] = table.rule(for: batch[index]) }
      let time = now() - start
      hits += answers.count { $0 != nil }
      return time
    }
    return (Double(hits) / Double(batches * batchSize), nanoseconds)
  }

  /// Returns the nanoseconds per lookup if each address is known only from the answer before.
  private func measureDependent(_ table: RuleTable) -> Double {
    var seed: UInt64 = 1
    return median {
      let start = now()
      for _ in 0..<batchSize {
        var random = SeededGenerator(seed: seed)
        seed = UInt64(table.rule(for: address(&random)) ?? 0) ^ random.next()
      }
      return now() - start
    }
  }

  /// Returns the median over batches, per lookup. Batches are far shorter than a time slice, so other
  /// programs on the machine distort few of them.
  private func median(_ batch: () -> Int) -> Double {
    let times = (0..<batches).map { _ in batch() }.sorted()
    return Double(times[batches / 2]) / Double(batchSize)
  }

  /// Returns a file of networks: 5 % /16-/19, 15 % /20-/23, 55 % /24, 25 % /25-/32, uniform; for IPv6
  /// similarly from /32 to /128 in 2000::/3.
  private func listFile(_ random: inout SeededGenerator) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(rules * (family == .v4 ? 20 : 45))
    for _ in 0..<rules {
      let lengths: ClosedRange<Int> =
        switch (family, Int.random(in: 0..<100, using: &random)) {
        case (.v4, ..<5): 16...19
        case (.v4, ..<20): 20...23
        case (.v4, ..<75): 24...24
        case (.v4, _): 25...32
        case (.v6, ..<20): 32...47
        case (.v6, ..<75): 48...48
        case (.v6, ..<95): 49...64
        case (.v6, _): 65...128
        }
      let prefix = IPPrefix(address(&random), length: Int.random(in: lengths, using: &random))
      text.append(contentsOf: "\(prefix)\n".utf8)
    }
    return text
  }

  @inline(__always)
  private func address(_ random: inout SeededGenerator) -> IPAddress {
    switch family {
    case .v4: IPAddress(v4: UInt32(truncatingIfNeeded: random.next() >> 32))
    case .v6: IPAddress(v6: UInt128(random.next() >> 3 | 1 << 61) << 64 | UInt128(random.next()))
    }
  }
}

let batches = 1001

/// The lookups in a batch.
let batchSize = 4096

/// The monotonic clock in nanoseconds.
func now() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// The resident memory in bytes.
func residentMemory() -> Int {
  let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
  return pages.count > 1 ? (Int(pages[1]) ?? 0) * Int(getpagesize()) : 0
}

/// The peak memory in bytes.
func peakMemory() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss * 1024
}
