@preconcurrency import Glibc
import OceanStore

/// The cost of locking a mailbox, by the number of locks that are held.
struct LockMeasurement {
  private static let rounds = 20_000

  private let directory: String
  private let locks: MailboxLocks

  /// - Parameter directory: made, and removed at the end of `run`.
  init(directory: String) throws {
    self.directory = directory
    guard mkdir(directory, 0o700) == 0 else { throw StoreError.badPath(directory) }
    locks = try MailboxLocks(directory: directory)
  }

  func run(_ counts: [Int]) throws {
    defer { removeAll(directory) }
    print("| held | lock and unlock, µs of CPU | descriptors |\n|---|---|---|")
    var held: [MailboxLock] = []
    // Files are opened when they are first needed. That must not be measured.
    for number in 0..<50_000 { _ = try locks.acquire(path(number)) }
    for count in counts {
      while held.count > count { held.removeLast() }
      while held.count < count { held.append(try locks.acquire(path(held.count))) }
      let start = cpuTime()
      for round in 0..<Self.rounds { _ = try locks.acquire(path(1_000_000 + round)) }
      let tenths = (cpuTime() - start) / Self.rounds / 100
      print("| \(count) | \(tenths / 10).\(tenths % 10) | \(descriptorCount()) |")
    }
  }

  private func path(_ number: Int) -> String { "/var/mail/vhosts/example.org/user\(number)/Maildir" }

  /// The CPU time of this process in nanoseconds.
  private func cpuTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  private func descriptorCount() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = -3
    while readdir(folder) != nil { count += 1 }
    return count
  }
}
