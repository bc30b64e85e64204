import Glibc
import OceanBase
import OceanEngine
import Synchronization

/// The service manager that started the process, if it wants to be told how the process does: systemd's sd_notify(3).
///
/// A message never waits, and is not an error where nobody listens.
package final class ServiceManager: Sendable {
  private let descriptor: Int32
  private let address: sockaddr_un
  /// The octets of the address that count: an abstract name ends where its length says.
  private let length: socklen_t
  /// How often it wants to hear that the process answers; nil if it does not ask.
  package let watchdog: Duration?
  private let status = Mutex("")

  /// Takes the variables out of the environment: no child of this process has to speak for it.
  ///
  /// - Returns: nil if nobody wants to be told.
  package static func take() -> ServiceManager? {
    let names = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]
    let values = Dictionary(
      uniqueKeysWithValues: names.map { name in (name, getenv(name).map { String(cString: $0) }) })
    for name in names { unsetenv(name) }
    return ServiceManager { values[$0] ?? nil }
  }

  /// - Parameter environment: the value of a variable.
  package init?(environment: (String) -> String?) {
    guard let path = environment("NOTIFY_SOCKET"), let (address, length) = Self.address(path) else {
      return nil
    }
    let socket = Glibc.socket(
      AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard socket >= 0 else { return nil }
    descriptor = socket
    (self.address, self.length) = (address, length)
    let isForThis = environment("WATCHDOG_PID").map { $0 == "\(getpid())" } ?? true
    let microseconds = environment("WATCHDOG_USEC").flatMap { Int64($0) }
    watchdog = microseconds.flatMap { isForThis && $0 > 0 ? .microseconds($0) : nil }
  }

  deinit { close(descriptor) }

  /// The server serves, for the first time or as its config was taken up.
  package func ready() { send("READY=1") }

  /// The server takes up another config. It says `ready` afterwards, whatever came of it.
  package func reloading() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    send("RELOADING=1\nMONOTONIC_USEC=\(Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)")
  }

  /// The server ends.
  ///
  /// - Parameter within: how long that may take: more than the unit gives, perhaps.
  package func stopping(within time: Duration) {
    send("STOPPING=1\nEXTEND_TIMEOUT_USEC=\(time.components.seconds * 1_000_000)")
  }

  /// The server's threads answer.
  package func answers() { send("WATCHDOG=1") }

  /// What `systemctl status` shows, in one line.
  package func show(_ line: String) {
    let isNew = status.withLock { status in
      defer { status = line }
      return status != line
    }
    if isNew { send("STATUS=\(line)") }
  }

  private func send(_ message: String) {
    let bytes = Array(message.utf8)
    _ = withUnsafePointer(to: address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length)
      }
    }
  }

  /// The address of a socket in the file system, or of one with an abstract name (`@name`).
  private static func address(_ path: String) -> (sockaddr_un, socklen_t)? {
    let isAbstract = path.hasPrefix("@")
    guard isAbstract || path.hasPrefix("/"), var address = sockaddr_un(path: path) else { return nil }
    guard isAbstract else { return (address, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    address.sun_path.0 = 0
    return (address, socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count))
  }
}
