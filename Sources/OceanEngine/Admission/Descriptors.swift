import Glibc
import NIOCore
import NIOPosix
import OceanPlan
import Synchronization

/// How many files the process may have open. Clients do not get the last ones: sessions that are in need some
/// for their mail, and the administrator needs one to ask what is going on.
final class Descriptors: Sendable {
  private let limit: Int
  /// The number kept for files and the control socket: at most a quarter of the limit.
  private let reserve: Int
  private let clients = Atomic(0)
  /// The number of files open beside the clients' connections, as of the last look.
  private let others = Atomic(0)

  /// - Parameter limit: what the system allows the process (RLIMIT_NOFILE).
  init(limit: Int) {
    self.limit = limit
    reserve = OpenFiles.reserve(of: limit)
  }

  /// Counts a client's connection until it is closed.
  ///
  /// - Returns: whether another connection has to go for its descriptor.
  func takeOne(for channel: any Channel) -> Bool {
    let count = clients.wrappingAdd(1, ordering: .relaxed).newValue
    channel.closeFuture.whenComplete { [self] _ in clients.wrappingSubtract(1, ordering: .relaxed) }
    let known = count + others.load(ordering: .relaxed)
    // To ask for a descriptor costs as much as all else that is done to let a client in. Between two looks, files are
    // opened by a few dozen threads only, so half of the limit is far enough away.
    guard known >= (limit - reserve) / 2 else { return false }
    // The system gives the lowest descriptor that is free: all below it are in use.
    let descriptor = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
      of: NIOBSDSocket.Handle.self
    ) { Int($0) }
    return max(known, descriptor ?? 0) >= limit - reserve
  }

  /// The error if the limit does not allow for even one client; nil otherwise. Counts for a tenth of a second
  /// before there is an error.
  ///
  /// - Parameter expected: the number of files that are needed; where there are too few, some could not be opened.
  func shortage(expecting expected: Int) async -> ApplyError? {
    var open = Int.max
    // Some may be open for a moment only, such as a file of accounts that is read: the lowest count is right.
    for attempt in 0...10 {
      if attempt > 0 { try? await Task.sleep(for: .milliseconds(10)) }
      measure()
      open = min(open, max(others.load(ordering: .relaxed), expected))
      if limit >= OpenFiles.least(beside: open) { return nil }
    }
    return .openFiles(limit: limit, open: open, least: OpenFiles.least(beside: open))
  }

  /// Counts the open files; to be called after what changes their number, and about every twenty seconds.
  /// Blocks, but not for a disk.
  func measure() {
    guard let directory = opendir("/proc/self/fd") else { return }
    defer { closedir(directory) }
    // The count leaves out the two entries that are directories, and this directory itself.
    var count = -3
    while readdir(directory) != nil { count += 1 }
    others.store(max(0, count - clients.load(ordering: .relaxed)), ordering: .relaxed)
  }
}
