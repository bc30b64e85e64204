import Glibc
import OceanBase
import OceanEngine

/// The journal of systemd, for a process whose standard error leads there.
///
/// Entries are datagrams in the native protocol, so that the journal has a field for each value. Sending never
/// waits: what the journal has no room for is dropped and counted, and an entry says so once there is room again.
struct Journal: ~Copyable {
  enum Outcome {
    case taken
    /// There was no room for it.
    case dropped
    /// Nobody reads the socket, or it does not take such an entry.
    case refused
  }

  static let path = "/run/systemd/journal/socket"

  private let descriptor: Int32
  private let address: sockaddr_un
  private var lost = 0

  /// - Parameter stream: the value of JOURNAL_STREAM: device and inode of a socket (systemd.exec(5)). If standard error
  ///   is another file, somebody has redirected it, and wants the log there.
  init?(stream: String?, path: String = Self.path, standardError: Int32 = STDERR_FILENO) {
    var status = stat()
    guard let stream, fstat(standardError, &status) == 0, stream == "\(status.st_dev):\(status.st_ino)",
      let address = sockaddr_un(path: path)
    else { return nil }
    let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let socket = Glibc.socket(AF_UNIX, kind, 0)
    guard socket >= 0 else { return nil }
    descriptor = socket
    self.address = address
  }

  deinit { close(descriptor) }

  /// - Parameter loss: makes the entry that says how many are missing.
  mutating func send(_ entry: [UInt8], loss: (Int) -> [UInt8]) -> Outcome {
    if lost > 0, send(loss(lost)) == .taken { lost = 0 }
    let outcome = lost > 0 ? .dropped : send(entry)
    if outcome == .dropped { lost += 1 }
    return outcome
  }

  /// Each entry has the address with it: a journal that was started again has another socket.
  private func send(_ entry: [UInt8]) -> Outcome {
    let sent = withUnsafePointer(to: address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        sendto(
          descriptor, entry, entry.count, Int32(MSG_NOSIGNAL), address,
          socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if sent >= 0 { return .taken }
    return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? .dropped : .refused
  }
}
