internal import Glibc
internal import OceanBase

/// A connection to a Unix socket of this host. Every call has a deadline. One thread at a time uses it.
///
/// Deadlines are by `SystemClock.boot`, in nanoseconds.
final class UnixConnection {
  /// Octets of the longest line that is read.
  static let maxLine = 64 << 10

  private let descriptor: CInt
  /// For people: what is at the other end.
  private let peer: String
  /// What was received and not yet taken.
  private var received: [UInt8] = []
  private var chunk = [UInt8](repeating: 0, count: 4096)
  /// How often a wait for octets looks at its deadline, in microseconds.
  private static let patience = 100_000

  /// - Parameter peer: the program behind the socket, for people.
  init(to path: String, of peer: String, until deadline: Int64) throws(BackendError) {
    guard var address = sockaddr_un(path: path) else { throw .unreachable("the path \(path) is too long") }
    descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .unreachable("there is no socket to be had: \(errorText(errno))") }
    self.peer = peer
    // If the queue of the listener is full, connect(2) waits as long as a write would.
    let left = max(deadline - SystemClock.boot.now, 1_000_000)
    var time = timeval(tv_sec: Int(left / 1_000_000_000), tv_usec: Int(left % 1_000_000_000 / 1000))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    var result: CInt
    repeat {
      result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    } while result != 0 && errno == EINTR && SystemClock.boot.now < deadline
    guard result != 0 else {
      // So a wait for an answer is one call, and not one to ask, one to wait and one to read.
      time = timeval(tv_sec: 0, tv_usec: Self.patience)
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
      return
    }
    switch errno {
    case EAGAIN, EINTR: throw .timedOut
    case ENOENT, ENOTDIR: throw .unreachable("there is no socket \(path)")
    case ECONNREFUSED: throw .unreachable("nothing listens on \(path)")
    case EACCES, EPERM: throw .unreachable("this user may not open \(path)")
    case let code: throw .unreachable("\(path) cannot be opened: \(errorText(code))")
    }
  }

  deinit { close(descriptor) }

  func send(_ bytes: SecretBytes, until deadline: Int64) throws(BackendError) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.send(
          descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent,
          CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
      }
      if count > 0 {
        sent += count
      } else if count < 0, errno != EAGAIN, errno != EINTR {
        throw broken(errno)
      } else {
        try waitForSpace(until: deadline)
      }
    }
  }

  func send(_ text: String, until deadline: Int64) throws(BackendError) {
    try send(SecretBytes(copying: Array(text.utf8)), until: deadline)
  }

  /// The next line, without its line feed.
  func line(until deadline: Int64) throws(BackendError) -> [UInt8] {
    var looked = 0
    while true {
      if let end = received[looked...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { received.removeFirst(end + 1) }
        return Array(received[..<end])
      }
      looked = received.count
      guard looked < Self.maxLine else {
        throw .nonsense("\(peer) sends a line of more than \(Self.maxLine >> 10) KiB")
      }
      try receive(until: deadline)
    }
  }

  /// The next octets, so many.
  func octets(_ count: Int, until deadline: Int64) throws(BackendError) -> [UInt8] {
    while received.count < count { try receive(until: deadline) }
    defer { received.removeFirst(count) }
    return Array(received.prefix(count))
  }

  private func receive(until deadline: Int64) throws(BackendError) {
    while true {
      // Also for a peer that sends octet by octet.
      guard SystemClock.boot.now < deadline else { throw .timedOut }
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count > 0 {
        received += chunk.prefix(count)
        return
      }
      guard count < 0 else { throw .unreachable("\(peer) closes the connection before its answer is whole") }
      guard errno == EAGAIN || errno == EINTR else { throw broken(errno) }
    }
  }

  private func waitForSpace(until deadline: Int64) throws(BackendError) {
    let left = deadline - SystemClock.boot.now
    guard left > 0 else { throw .timedOut }
    var question = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    // Rounded up: a wait of nothing would only come back here.
    poll(&question, 1, CInt(min(left / 1_000_000 + 1, 60_000)))
  }

  private func broken(_ code: CInt) -> BackendError {
    .unreachable("the connection with \(peer) breaks: \(errorText(code))")
  }
}
