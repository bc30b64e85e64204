import Glibc
import OceanAccess
import OceanPlan

/// Nanoseconds.
func now() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// How often this thread had to make room for others.
func preemptions() -> Int {
  var usage = rusage()
  // RUSAGE_THREAD, which Glibc defines for _GNU_SOURCE only.
  getrusage(__rusage_who_t(1), &usage)
  return usage.ru_nivcsw
}

/// What this process has in memory now, in bytes.
func residentMemory() -> Int {
  guard let file = fopen("/proc/self/statm", "r") else { return 0 }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 128)
  guard fgets(&line, CInt(line.count), file) != nil else { return 0 }
  let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
    separator: " ")
  return words.count > 1 ? (Int(words[1]) ?? 0) * Int(getpagesize()) : 0
}

/// A seeded generator, so that runs compare.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

func tenths(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }

func megabytes(_ bytes: Int) -> String { tenths(Double(bytes) / 1e6) }

func microseconds(_ nanoseconds: Int64) -> String { tenths(Double(nanoseconds) / 1e3) }
