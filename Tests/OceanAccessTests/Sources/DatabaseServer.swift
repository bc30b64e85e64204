import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// A server of Debian's with a database of its own, on loopback, as long as a test runs.
final class DatabaseServer: @unchecked Sendable {
  enum Kind { case postgresql, mariadb }

  /// Where the programs are; nil if they are not installed.
  static let postgresql: String? = {
    let root = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }
    guard let newest = versions.max(), isExecutable("\(root)/\(newest)/bin/initdb") else { return nil }
    return "\(root)/\(newest)/bin"
  }()
  static let mariadb: String? = isExecutable("/usr/sbin/mariadbd") ? "/usr/sbin/mariadbd" : nil

  private static func isExecutable(_ path: String) -> Bool {
    FileManager.default.isExecutableFile(atPath: path)
  }

  let directory: TemporaryDirectory
  let kind: Kind
  let port: Int
  private var process: Process?

  /// - Parameter statements: SQL that makes the table.
  init(_ kind: Kind, _ statements: String) throws {
    directory = try TemporaryDirectory()
    self.kind = kind
    port = try Self.freePort()
    if getuid() == 0 { try Self.run("/bin/chown", ["65534:65534", directory.path]) }
    switch kind {
    case .postgresql:
      try Data("secret-of-ocean".utf8).write(to: URL(filePath: "\(directory.path)/pw"))
      if getuid() == 0 { try Self.run("/bin/chown", ["65534", "\(directory.path)/pw"]) }
      try Self.asNobody(
        "\(Self.postgresql ?? "")/initdb",
        [
          "--pgdata=\(directory.path)/data", "--username=ocean", "--pwfile=\(directory.path)/pw",
          "--auth=scram-sha-256",
          "--no-sync", "--encoding=UTF8", "--locale=C",
        ])
      try Self.makeCertificate(in: directory.path)
    case .mariadb:
      try Self.asNobody(
        "/usr/bin/mariadb-install-db",
        [
          "--no-defaults", "--datadir=\(directory.path)/data", "--auth-root-authentication-method=normal",
          "--skip-test-db",
        ])
      try Self.makeCertificate(in: directory.path)
      let grant = """
        CREATE DATABASE mail; CREATE USER ocean@'%' IDENTIFIED BY 'secret-of-ocean'; GRANT SELECT ON mail.* TO ocean@'%';
        DELETE FROM mysql.global_priv WHERE User = ''; FLUSH PRIVILEGES;
        USE mail;
        \(statements)
        """
      try Data(grant.replacing("\n", with: " ").replacing("; ", with: ";\n").utf8)
        .write(to: URL(filePath: "\(directory.path)/init.sql"))
    }
    try start()
    if kind == .postgresql {
      try waitUntil { (try? psql("SELECT 1")) != nil }
      try psql("CREATE DATABASE mail")
      try psql(statements, database: "mail")
    }
  }

  deinit { kill(SIGKILL) }

  // MARK: - The process

  func start() throws {
    let process: Process
    switch kind {
    case .postgresql:
      process = Self.process(
        "\(Self.postgresql ?? "")/postgres",
        [
          "-D", "\(directory.path)/data", "-k", directory.path, "-h", "127.0.0.1", "-p", "\(port)", "-F",
          "-c", "ssl=on", "-c", "ssl_cert_file=\(directory.path)/server.pem",
          "-c", "ssl_key_file=\(directory.path)/server.key", "-c", "max_connections=20", "-c",
          "shared_buffers=1MB",
        ])
    case .mariadb:
      process = Self.process(
        Self.mariadb ?? "",
        [
          "--no-defaults", "--datadir=\(directory.path)/data", "--socket=\(directory.path)/s",
          "--port=\(port)",
          "--bind-address=127.0.0.1", "--init-file=\(directory.path)/init.sql",
          "--pid-file=\(directory.path)/pid",
          "--innodb-buffer-pool-size=8M", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve",
          "--ssl-cert=\(directory.path)/server.pem", "--ssl-key=\(directory.path)/server.key",
          "--ssl-ca=\(directory.path)/server.pem",
        ])
    }
    try process.run()
    self.process = process
  }

  /// Ends the process, or stops or continues it: all of its group, as PostgreSQL has a process for each connection.
  func kill(_ signal: Int32) {
    guard let process else { return }
    Self.signalTree(process.processIdentifier, signal)
    guard signal == SIGKILL else { return }
    process.waitUntilExit()
    self.process = nil
    if kind == .mariadb { try? FileManager.default.removeItem(atPath: "\(directory.path)/init.sql") }
    try? Data().write(to: URL(filePath: "\(directory.path)/init.sql"))
  }

  static func signalTree(_ pid: Int32, _ signal: Int32) {
    let children =
      (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8))?
      .split(separator: " ").compactMap { Int32($0) } ?? []
    for child in children { signalTree(child, signal) }
    Glibc.kill(pid, signal)
    if signal == SIGSTOP { waitUntilStopped(pid) }
  }

  /// Waits until no thread of a process runs any more: on a busy host, that is later than the signal.
  static func waitUntilStopped(_ pid: Int32) {
    try? waitUntil {
      let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
      return threads.allSatisfy { thread in
        let state = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/stat", encoding: .utf8)
        return state?.contains(") T ") ?? true
      }
    }
  }

  @discardableResult
  private func psql(_ statements: String, database: String = "postgres") throws -> Int32 {
    try Self.run(
      "/usr/bin/psql",
      [
        "-q", "-v", "ON_ERROR_STOP=1", "-c", statements,
        "postgresql://ocean:secret-of-ocean@127.0.0.1:\(port)/\(database)",
      ])
  }

  /// A certificate of its own, for 127.0.0.1: `server.pem` and `server.key`.
  static func makeCertificate(in directory: String) throws {
    try run(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-subj", "/CN=127.0.0.1", "-addext",
        "subjectAltName=IP:127.0.0.1", "-keyout", "\(directory)/server.key", "-out",
        "\(directory)/server.pem",
      ])
    if getuid() == 0 {
      try run("/bin/chown", ["65534", "\(directory)/server.key", "\(directory)/server.pem"])
    }
    try run("/bin/chmod", ["600", "\(directory)/server.key"])
  }

  static func process(_ program: String, _ arguments: [String]) -> Process {
    let process = Process()
    // Database servers refuse to run as root.
    if getuid() == 0 {
      process.executableURL = URL(filePath: "/usr/bin/setpriv")
      process.arguments = ["--reuid=65534", "--regid=65534", "--clear-groups", program] + arguments
    } else {
      process.executableURL = URL(filePath: program)
      process.arguments = arguments
    }
    process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "PGCONNECT_TIMEOUT": "5"]
    process.currentDirectoryURL = URL(filePath: "/")
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    return process
  }

  static func asNobody(_ program: String, _ arguments: [String]) throws {
    let process = process(program, arguments)
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(program)")
  }

  @discardableResult
  static func run(_ program: String, _ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    struct Failed: Error {}
    guard process.terminationStatus == 0 else { throw Failed() }
    return 0
  }

  static func freePort() throws -> Int {
    let (descriptor, port) = try listeningSocket()
    close(descriptor)
    return port
  }
}

/// A socket that listens on a free port of loopback.
func listeningSocket() throws -> (descriptor: Int32, port: Int) {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isBound = withUnsafeMutablePointer(to: &address) { address in
    address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
      bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
    }
  }
  try #require(isBound && listen(descriptor, 16) == 0)
  return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}

/// Polls until something holds, for half a minute at most.
func waitUntil(_ condition: () throws -> Bool) throws {
  let deadline = ContinuousClock.now + .seconds(30)
  while try !condition() {
    try #require(ContinuousClock.now < deadline)
    usleep(20_000)
  }
}

/// Passes bytes on to a port of this host, until so many have come back: then the connection is cut off.
final class CutOff: @unchecked Sendable {
  let port: Int
  private let descriptor: Int32
  /// Octets of the server that are passed on over each connection.
  let limit = Mutex(Int.max)

  init(to target: Int) throws {
    (descriptor, port) = try listeningSocket()
    Thread.detachNewThread { [listening = descriptor, self] in
      while case let client = accept(listening, nil, nil), client >= 0 { self.pass(client, to: target) }
    }
  }

  func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  private func pass(_ client: Int32, to target: Int) {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = UInt16(target).bigEndian
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    let end: @Sendable () -> Void = {
      shutdown(client, Int32(SHUT_RDWR))
      shutdown(server, Int32(SHUT_RDWR))
    }
    Thread.detachNewThread {
      Self.copy(client, server) { .max }
      end()
    }
    Thread.detachNewThread { [self] in
      Self.copy(server, client) { limit.withLock { $0 } }
      end()
    }
  }

  /// - Parameter change: what becomes of the octets that are passed on.
  static func copy(
    _ from: Int32, _ to: Int32, change: ([UInt8]) -> [UInt8] = { $0 }, limit: () -> Int
  ) {
    var buffer = [UInt8](repeating: 0, count: 4096)
    var passed = 0
    while case let count = read(from, &buffer, buffer.count), count > 0 {
      let octets = change(Array(buffer.prefix(count)))
      let allowed = min(octets.count, max(0, limit() - passed))
      if allowed > 0, send(to, octets, allowed, Int32(MSG_NOSIGNAL)) < allowed { return }
      passed += allowed
      if allowed < octets.count { return }
    }
  }
}
