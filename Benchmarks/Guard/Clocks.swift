import Glibc
import OceanAccess
import OceanAddresses

/// The monotonic clock in nanoseconds.
func now() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// The number of times that this thread was preempted.
func preemptions() -> Int {
  var usage = rusage()
  // RUSAGE_THREAD, which Glibc defines for _GNU_SOURCE only.
  getrusage(__rusage_who_t(1), &usage)
  return usage.ru_nivcsw
}

/// The resident memory of this process, in bytes.
func residentMemory() -> Int {
  guard let file = fopen("/proc/self/statm", "r") else { return 0 }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 128)
  guard fgets(&line, CInt(line.count), file) != nil else { return 0 }
  let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
    separator: " ")
  return words.count > 1 ? (Int(words[1]) ?? 0) * Int(getpagesize()) : 0
}

func tenths(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }

func megabytes(_ bytes: Int) -> String { tenths(Double(bytes) / 1e6) }

func microseconds(_ nanoseconds: Int64) -> String { tenths(Double(nanoseconds) / 1e3) }
