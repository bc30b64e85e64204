import Foundation
import Synchronization
import Testing

/// A directory with a config, accounts and Maildirs, and an address that nobody else uses: tests run side by
/// side.
final class Workspace: Sendable {
  /// The password of every account, which no output and no log may ever show.
  static let secret = "Correct-Horse-7351"
  static let port = 1110

  let directory: URL
  /// An address in 127.0.0.0/8, where every port is free.
  let address: String
  private static let count = Atomic(0)

  init() throws {
    let number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
    let process = Int(getpid())
    // Each process gets 2,000 addresses: there are more workspaces than one octet has numbers.
    let block = process % 7000 * 8 + number / 250 % 8
    address = "127.\(1 + block / 250).\(block % 250).\(1 + number % 250)"
    directory = FileManager.default.temporaryDirectory.appending(path: "ocean-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    // Other users of the host must be able to pass, because the server may become one of them.
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.path)
    try FileManager.default.createDirectory(at: directory / "state", withIntermediateDirectories: false)
    try write("anna:{PLAIN}\(Self.secret)::::::\nberta:{PLAIN}\(Self.secret)::::::\n", to: "users.passwd")
    try makeMaildir()
    try makeMaildir("berta")
    try writeConfig()
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  // MARK: - Files

  func path(_ name: String) -> String { (directory / name).path }

  /// Writes a file. It appears whole, and other users of the host see nothing of account files.
  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: directory / name, options: .atomic)
    if name.hasSuffix(".passwd") { try setMode(0o600, of: name) }
  }

  func setMode(_ mode: Int, of name: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path(name))
  }

  func read(_ name: String) -> String {
    (try? String(decoding: Data(contentsOf: directory / name), as: UTF8.self)) ?? ""
  }

  /// Writes the config, with everything that tests vary.
  func writeConfig(
    server: [String] = ["drain_timeout: 0s", "limits: { connections_per_ip: 199 }"], service: [String] = [],
    services: String? = nil, mail: String = "maildir: \"mail/{domain}/{user}\"",
    ports: [Int] = [Workspace.port]
  ) throws {
    let indented = service.map { "    \($0)\n" }.joined()
    let own = "  pop3:\n    ports: \(ports)\n\(indented)"
    try write(
      """
      version: 1
      log: { access: access.jsonl }
      server:
        hostname: mail.example.org
        bind: [\(address)]
        state: state
        default_domain: example.org
      \(server.map { "  \($0)\n" }.joined())
      accounts:
        main: { passwd_file: users.passwd }
      mail: { \(mail) }
      services:
      \(services ?? own)
      """, to: "ocean.yaml")
  }

  // MARK: - Mail

  func maildir(_ user: String = "anna") -> URL { directory / "mail/example.org/\(user)" }

  func makeMaildir(_ user: String = "anna") throws {
    for folder in ["new", "cur", "tmp"] {
      try FileManager.default.createDirectory(at: maildir(user) / folder, withIntermediateDirectories: true)
    }
  }

  /// Delivers a message as a mail server does: written elsewhere, then moved.
  func deliver(_ message: [UInt8], as name: String, folder: String = "new", to user: String = "anna") throws {
    let temporary = maildir(user) / "tmp/\(name)"
    try Data(message).write(to: temporary)
    try FileManager.default.moveItem(at: temporary, to: maildir(user) / "\(folder)/\(name)")
  }

  func deliver(_ message: String, as name: String, folder: String = "new", to user: String = "anna") throws {
    try deliver(Array(message.utf8), as: name, folder: folder, to: user)
  }

  /// The names and contents of all messages.
  func messages(of user: String = "anna") throws -> [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    for folder in ["new", "cur"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: (maildir(user) / folder).path) {
        result["\(folder)/\(name)"] = Array(try Data(contentsOf: maildir(user) / "\(folder)/\(name)"))
      }
    }
    return result
  }

  // MARK: - ocean

  /// Runs `ocean` to its end.
  func ocean(_ arguments: String..., input: String = "") throws -> Command {
    let command = try Command(try oceanBinary(), arguments, input: input, directory: directory)
    try command.wait()
    expectNoSecret(in: command.output)
    expectNoSecret(in: command.errorOutput)
    return command
  }

  /// Runs another program to its end.
  func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Command {
    let command = try Command(program, arguments, environment: environment, directory: directory)
    try command.wait()
    return command
  }

  /// Starts HAProxy in front of the server.
  ///
  /// - Parameters:
  ///   - port: where it listens.
  ///   - source: the address that its own connections come from.
  ///   - options: the options of its `server` line.
  func haproxy(port: Int, source: String, _ options: String = "") throws -> Command {
    try write(
      """
      defaults
        mode tcp
        timeout connect 5s
        timeout client 30s
        timeout server 30s
      listen pop3
        bind \(address):\(port)
        server ocean \(address):\(Self.port) source \(source) \(options)

      """, to: "haproxy.cfg")
    let command = try Command("haproxy", ["-f", path("haproxy.cfg"), "-db"], directory: directory)
    try eventually("HAProxy listens, which says:\n\(command.errorOutput)") {
      try? POP3Client(address, port: port)
    }
    return command
  }

  func expectNoSecret(in text: String) {
    #expect(!text.contains(Self.secret), "a password is shown")
  }
}

func / (directory: URL, name: String) -> URL { directory.appending(path: name) }

/// The program under test: OCEAN_PROGRAM in the environment, or what the build puts beside the tests.
func oceanBinary() throws -> String {
  if let path = ProcessInfo.processInfo.environment["OCEAN_PROGRAM"] { return path }
  let tests = Bundle.allBundles.map(\.bundleURL) + [URL(filePath: CommandLine.arguments[0])]
  let folders =
    tests.map { $0.deletingLastPathComponent() } + [URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()]
  for folder in folders {
    let path = (folder / "ocean").path
    if access(path, X_OK) == 0, !FileManager.default.isDirectory(path) { return path }
  }
  throw Failure(
    "there is no program 'ocean' beside the tests in \(folders.map(\.path)); swift build makes it")
}

extension FileManager {
  fileprivate func isDirectory(_ path: String) -> Bool {
    var result: ObjCBool = false
    return fileExists(atPath: path, isDirectory: &result) && result.boolValue
  }
}
