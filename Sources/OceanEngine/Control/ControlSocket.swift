import CLinux
import Glibc
import OceanBase

/// Why the control socket could not be made.
struct ControlSocketError: Error, CustomStringConvertible {
  let path: String
  let reason: String

  var description: String { "no control socket \(path): \(reason)" }
}

/// The listening Unix socket of the control API.
///
/// Its maker holds the lock of the state directory. So a socket that is found there is left from a server
/// that is gone.
struct ControlSocket: Sendable {
  private static let backlog: Int32 = 64
  private static let mode: mode_t = 0o660

  let path: String
  /// For NIO, which closes it.
  let descriptor: Int32

  /// Makes the socket appear under its name all at once, with its mode and listening, in the place of what is
  /// there.
  ///
  /// The mode is set before anybody can connect. It is not set by umask, which belongs to all threads.
  init(path: String) throws(ControlSocketError) {
    let temporary = path + ".new"
    func fail(_ reason: String = errorText(errno)) -> ControlSocketError {
      ControlSocketError(path: path, reason: reason)
    }
    guard let address = sockaddr_un(path: temporary) else {
      throw fail("the path is too long for a Unix socket")
    }
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let fd = socket(AF_UNIX, type, 0)
    guard fd >= 0 else { throw fail() }
    unlink(temporary)
    let isBound = withUnsafeBytes(of: address) { bytes in
      guard let base = bytes.baseAddress else { return false }
      return bind(fd, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) == 0
    }
    guard isBound, chmod(temporary, Self.mode) == 0, listen(fd, Self.backlog) == 0,
      rename(temporary, path) == 0
    else {
      let error = fail()
      close(fd)
      unlink(temporary)
      throw error
    }
    self.path = path
    descriptor = fd
  }

  func remove() { unlink(path) }

  /// The user whose process is at the other end of a connection; nil if that may not speak. It may if it is
  /// root's, or the server's own user's, or in the group that the socket has now (an administrator may have
  /// given it another).
  func admitted(_ connection: Int32) -> uid_t? {
    var user = uid_t.max
    var groups = [gid_t](repeating: 0, count: 1024)
    let count = linux_peer_credentials(connection, &user, &groups, Int32(groups.count))
    guard count > 0 else { return nil }
    if user == 0 || user == geteuid() { return user }
    var status = stat()
    return stat(path, &status) == 0 && groups.prefix(Int(count)).contains(status.st_gid) ? user : nil
  }
}
