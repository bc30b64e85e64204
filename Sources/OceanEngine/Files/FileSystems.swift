import Glibc
import OceanBase
import Synchronization

/// The file systems and where they are mounted, as the kernel tells it (proc_pid_mountinfo(5)): no file
/// system is asked.
final class FileSystems: Sendable {
  private struct State {
    var table: MountTable
    /// The devices of paths that were walked, by their hashes.
    var known: [Int: String] = [:]
  }

  /// The number of paths that are remembered; if there are more, all are forgotten and walked again.
  private static let maxKnown = 1 << 16

  /// Signals each change; negative without /proc.
  private let descriptor: Int32
  private let state: Mutex<State>
  /// Held by the one thread that reads.
  private let reading = Mutex(())

  /// - Parameter file: a different file for tests.
  init(_ file: String = "/proc/self/mountinfo") {
    descriptor = open(file, O_RDONLY | O_CLOEXEC)
    state = Mutex(State(table: MountTable(Self.text(of: descriptor))))
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  private static func text(of descriptor: Int32) -> String {
    guard descriptor >= 0, lseek(descriptor, 0, SEEK_SET) == 0 else { return "" }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = read(descriptor, &block, block.count)
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += block[..<count]
    }
  }

  /// Whether something was mounted or unmounted since the last call. Never blocks.
  func haveChanged() -> Bool {
    var change = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
    return descriptor >= 0 && poll(&change, 1, 0) > 0 && change.revents & Int16(POLLPRI) != 0
  }

  /// Reads the mounts again; there may be thousands. Paths that were learned are forgotten: they may lead
  /// elsewhere now.
  func reread() {
    reading.withLock { _ in
      let table = MountTable(Self.text(of: descriptor))
      state.withLock { $0 = State(table: table) }
    }
  }

  var table: MountTable { state.withLock { $0.table } }

  /// The device that a path was found to lead to; nil if the path must be walked.
  func device(of path: String) -> String? { state.withLock { $0.known[path.hashValue] } }

  /// Remembers the device of a path that has been walked to its end.
  func learn(_ device: String, of path: String) {
    state.withLock { state in
      if state.known.count >= Self.maxKnown { state.known = [:] }
      state.known[path.hashValue] = device
    }
  }

  /// Forgets the device of a path, which may lead elsewhere now.
  func forget(_ path: String) { state.withLock { _ = $0.known.removeValue(forKey: path.hashValue) } }

  /// The place where a file system is mounted, and its type, for people.
  func mount(of device: String) -> MountTable.Mount? {
    state.withLock { state in
      state.table.mounts.values.filter { $0.device == device }.min {
        ($0.path.count, $0.path) < ($1.path.count, $1.path)
      }
    }
  }
}
