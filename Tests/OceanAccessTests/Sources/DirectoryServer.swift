import Foundation
import Glibc
import TestSupport
import Testing

/// OpenLDAP's slapd with a directory of its own, on loopback, as long as a test runs.
final class DirectoryServer: @unchecked Sendable {
  static let isInstalled = ["/usr/sbin/slapd", "/usr/sbin/slapadd"].allSatisfy {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  let directory: TemporaryDirectory
  let port: Int
  let tlsPort: Int
  private var process: Process?

  /// The path of its socket.
  var socket: String { "\(directory.path)/s" }

  /// - Parameter entries: LDIF of what is below `dc=example,dc=org`.
  init(_ entries: String) throws {
    directory = try TemporaryDirectory()
    port = try DatabaseServer.freePort()
    tlsPort = try DatabaseServer.freePort()
    try FileManager.default.createDirectory(atPath: "\(directory.path)/db", withIntermediateDirectories: true)
    try DatabaseServer.makeCertificate(in: directory.path)
    try write(
      """
      include /etc/ldap/schema/core.schema
      include /etc/ldap/schema/cosine.schema
      include /etc/ldap/schema/nis.schema
      include /etc/ldap/schema/inetorgperson.schema
      modulepath /usr/lib/ldap
      moduleload back_mdb
      TLSCertificateFile \(directory.path)/server.pem
      TLSCertificateKeyFile \(directory.path)/server.key
      threads 4
      access to attrs=userPassword by dn="cn=ocean,dc=example,dc=org" read by anonymous auth by * none
      access to dn.subtree="ou=hidden,dc=example,dc=org" by * none
      access to * by * read
      database mdb
      suffix "dc=example,dc=org"
      directory \(directory.path)/db
      maxsize 134217728
      dbnosync
      """, to: "slapd.conf")
    try write(
      """
      dn: dc=example,dc=org
      objectClass: dcObject
      objectClass: organization
      o: Example
      dc: example

      dn: cn=ocean,dc=example,dc=org
      objectClass: organizationalRole
      objectClass: simpleSecurityObject
      cn: ocean
      userPassword: secret-of-ocean

      \(entries)

      """, to: "data.ldif")
    if getuid() == 0 { try DatabaseServer.run("/bin/chown", ["-R", "65534:65534", directory.path]) }
    try DatabaseServer.asNobody(
      "/usr/sbin/slapadd", ["-q", "-f", "\(directory.path)/slapd.conf", "-l", "\(directory.path)/data.ldif"])
    try start()
  }

  deinit { kill(SIGKILL) }

  func start() throws {
    let socket = socket.replacing("/", with: "%2F")
    let process = DatabaseServer.process(
      "/usr/sbin/slapd",
      [
        "-d", "0", "-f", "\(directory.path)/slapd.conf", "-h",
        "ldap://127.0.0.1:\(port)/ ldaps://127.0.0.1:\(tlsPort)/ ldapi://\(socket)/",
      ])
    try process.run()
    self.process = process
  }

  /// Ends the process, or stops or continues it.
  func kill(_ signal: Int32) {
    guard let process else { return }
    Glibc.kill(process.processIdentifier, signal)
    if signal == SIGSTOP { DatabaseServer.waitUntilStopped(process.processIdentifier) }
    guard signal == SIGKILL else { return }
    process.waitUntilExit()
    self.process = nil
  }

  private func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(filePath: "\(directory.path)/\(name)"))
  }
}

/// Something that listens where a directory should be, and answers each request as a test wants: with what no server does
/// unless it is broken.
final class BrokenDirectory: @unchecked Sendable {
  let port: Int

  /// It listens as long as the tests run.
  ///
  /// - Parameter answer: what is sent for a request, by its kind (RFC 4511: 0x60 bind, 0x63 search), its number on the
  ///   connection, and how many of its kind came before over all connections; nil ends the connection.
  init(_ answer: @escaping @Sendable (_ kind: UInt8, _ number: UInt8, _ before: Int) -> [UInt8]?) throws {
    let (descriptor, port) = try listeningSocket()
    self.port = port
    let counts = Counts()
    Thread.detachNewThread {
      while case let client = accept(descriptor, nil, nil), client >= 0 {
        Thread.detachNewThread {
          Self.serve(client, counts, answer)
          close(client)
        }
      }
    }
  }

  private final class Counts: @unchecked Sendable {
    private let lock = NSLock()
    private var counts: [UInt8: Int] = [:]

    func next(_ kind: UInt8) -> Int {
      lock.withLock {
        defer { counts[kind, default: 0] += 1 }
        return counts[kind, default: 0]
      }
    }
  }

  private static func serve(
    _ client: Int32, _ counts: Counts, _ answer: (UInt8, UInt8, Int) -> [UInt8]?
  ) {
    while let (number, kind) = request(client) {
      // An unbind has no answer.
      if kind == 0x42 { return }
      guard let bytes = answer(kind, number, counts.next(kind)) else { return }
      var rest = bytes[...]
      while !rest.isEmpty {
        let sent = rest.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard sent > 0 else { return }
        rest = rest.dropFirst(sent)
      }
    }
  }

  private static func request(_ client: Int32) -> (number: UInt8, kind: UInt8)? {
    func take(_ count: Int) -> [UInt8]? {
      var bytes: [UInt8] = []
      while bytes.count < count {
        var byte: UInt8 = 0
        guard read(client, &byte, 1) == 1 else { return nil }
        bytes.append(byte)
      }
      return bytes
    }
    guard let head = take(2), head[0] == 0x30 else { return nil }
    var length = Int(head[1])
    if length > 0x80 {
      guard let more = take(length - 0x80) else { return nil }
      length = more.reduce(0) { $0 << 8 | Int($1) }
    }
    guard let body = take(length), body.count > 3, body[0] == 0x02, body[1] == 1 else { return nil }
    return (body[2], body[3])
  }

  /// One element of BER.
  static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    let count = content.count
    return [tag] + (count < 0x80 ? [UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xff)]) + content
  }

  static func message(_ number: UInt8, _ operation: [UInt8]) -> [UInt8] {
    element(0x30, element(0x02, [number]) + operation)
  }

  /// The end of an operation with a result.
  static func result(_ number: UInt8, _ tag: UInt8, _ code: UInt8 = 0) -> [UInt8] {
    message(number, element(tag, [0x0a, 1, code, 0x04, 0, 0x04, 0]))
  }

  static func entry(_ number: UInt8, _ name: String, _ attributes: [(String, String)]) -> [UInt8] {
    let list = attributes.flatMap { name, value in
      element(0x30, element(0x04, Array(name.utf8)) + element(0x31, element(0x04, Array(value.utf8))))
    }
    return message(number, element(0x64, element(0x04, Array(name.utf8)) + element(0x30, list)))
  }
}
