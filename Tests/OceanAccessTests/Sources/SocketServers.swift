import Foundation
import Glibc
import OceanBase
import Synchronization
import TestSupport
import Testing

/// A program of this host that makes a Unix socket, as long as a test runs.
class SocketServer: @unchecked Sendable {
  let directory: TemporaryDirectory
  private let command: [String]
  private var process: Process?

  init(_ directory: TemporaryDirectory, _ command: [String]) throws {
    (self.directory, self.command) = (directory, command)
    try start()
  }

  deinit { kill(SIGKILL) }

  func start() throws {
    let process = Process()
    process.executableURL = URL(filePath: command[0])
    process.arguments = Array(command.dropFirst())
    process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]
    process.currentDirectoryURL = URL(filePath: "/")
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    self.process = process
  }

  /// Ends the process, or stops or continues it, with all that it started.
  func kill(_ signal: Int32) {
    guard let process else { return }
    DatabaseServer.signalTree(process.processIdentifier, signal)
    guard signal == SIGKILL else { return }
    process.waitUntilExit()
    self.process = nil
  }

  static func isExecutable(_ path: String) -> Bool { FileManager.default.isExecutableFile(atPath: path) }
}

/// Debian's saslauthd with PAM, whose rules are those of the test: `anna` and `berta` have the password `secret`, and
/// `berta` may not log in.
final class SaslauthdServer: SocketServer, @unchecked Sendable {
  /// Rules of its own for PAM take a mount namespace.
  static let canRun =
    geteuid() == 0 && isExecutable("/usr/sbin/saslauthd") && isExecutable("/usr/bin/unshare")

  var socket: String { "\(directory.path)/mux" }

  /// - Parameter options: further options of saslauthd.
  init(_ options: String = "") throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: "\(directory.path)/pam.d", withIntermediateDirectories: false)
    try directory.write(
      """
      auth required pam_exec.so quiet expose_authtok \(directory.path)/check
      account required pam_exec.so quiet \(directory.path)/may

      """, to: "pam.d/pop")
    let check = """
      #!/bin/sh
      case "$PAM_USER" in
      anna | berta | anna@example.org | anna@example.net) [ "$(tr -d '\\000')" = secret ] ;;
      *) false ;;
      esac
      """
    try directory.write("\(check)\n", to: "check")
    try directory.write("#!/bin/sh\n[ \"$PAM_USER\" != berta ]\n", to: "may")
    chmod("\(directory.path)/check", 0o755)
    chmod("\(directory.path)/may", 0o755)
    try super.init(
      directory,
      [
        "/usr/bin/unshare", "-m", "/bin/sh", "-c",
        "mount --bind \(directory.path)/pam.d /etc/pam.d && exec /usr/sbin/saslauthd -a pam -d -n 2 \(options) -m \(directory.path)",
      ])
  }
}

/// Debian's Dovecot without any protocol but that of its sockets for authentication.
final class DovecotServer: SocketServer, @unchecked Sendable {
  static let canRun = geteuid() == 0 && isExecutable("/usr/sbin/dovecot") && InstalledDovecot.isUsable

  var auth: String { "\(directory.path)/run/auth-client" }
  var users: String { "\(directory.path)/run/auth-userdb" }

  init(_ accounts: String) throws {
    let directory = try TemporaryDirectory()
    let path = directory.path
    // Dovecot's own user reads the accounts.
    chmod(path, 0o755)
    try directory.write(accounts)
    try directory.write(
      """
      base_dir = \(path)/run
      state_dir = \(path)/run
      log_path = \(path)/log
      protocols =
      listen = 127.0.0.1
      ssl = no
      auth_failure_delay = 0
      auth_mechanisms = plain
      auth_username_chars =
      passdb {
        driver = passwd-file
        args = \(path)/users
      }
      userdb {
        driver = passwd-file
        args = \(path)/users
      }
      service auth {
        unix_listener auth-client {
          mode = 0666
        }
        unix_listener auth-userdb {
          mode = 0666
        }
      }
      service anvil {
        chroot =
        unix_listener anvil-auth-penalty {
          mode = 0
        }
      }
      service stats {
        chroot =
      }

      """, to: "dovecot.conf")
    try super.init(directory, ["/usr/sbin/dovecot", "-F", "-c", "\(path)/dovecot.conf"])
  }
}

/// Passes bytes on between Unix sockets, and changes or cuts off what the server says.
final class UnixProxy: @unchecked Sendable {
  let path: String
  private let descriptor: Int32
  /// Octets of the server that are passed on over each connection.
  let limit = Mutex(Int.max)
  /// What becomes of the server's words.
  let change = Mutex<(@Sendable (String) -> String)?>(nil)

  init(to target: String, in directory: TemporaryDirectory, _ name: String) throws {
    path = "\(directory.path)/\(name)"
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let listening = descriptor
    try #require(Self.with(path) { bind(listening, $0, $1) } == 0 && listen(listening, 16) == 0)
    Thread.detachNewThread { [self] in
      while case let client = accept(listening, nil, nil), client >= 0 { self.pass(client, to: target) }
    }
  }

  func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  private static func with(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    guard var address = sockaddr_un(path: path) else { return -1 }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  private func pass(_ client: Int32, to target: String) {
    let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    _ = Self.with(target) { connect(server, $0, $1) }
    let end: @Sendable () -> Void = {
      shutdown(client, Int32(SHUT_RDWR))
      shutdown(server, Int32(SHUT_RDWR))
    }
    Thread.detachNewThread {
      CutOff.copy(client, server) { .max }
      end()
    }
    Thread.detachNewThread { [self] in
      CutOff.copy(
        server, client,
        change: { bytes in
          change.withLock { $0 }.map { Array($0(String(decoding: bytes, as: UTF8.self)).utf8) } ?? bytes
        }
      ) { limit.withLock { $0 } }
      end()
    }
  }
}
