import Glibc
import TestSupport
import Testing

/// POP3 and IMAP servers of others, run without a network: they serve one mailbox on their standard input.
struct OtherServer {
  /// The replies to POP3's UIDL and LIST, in order.
  struct Listing: Equatable {
    var uidls: [String] = []
    var sizes: [UInt64] = []
  }

  private let fixture: Fixture
  private let program: String
  private let command: String

  private init(_ fixture: Fixture, _ program: String, _ command: String) {
    (self.fixture, self.program, self.command) = (fixture, program, command)
  }

  static let isDovecotInstalled = access("/usr/lib/dovecot/pop3", X_OK) == 0 && InstalledDovecot.isUsable
  static let isDovecotIMAPInstalled = access("/usr/lib/dovecot/imap", X_OK) == 0 && InstalledDovecot.isUsable
  /// The place where Tests/setup unpacks it.
  private static let courierProgram =
    #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    + "/.build/courier/usr/lib/courier/courier/courierpop3d"
  static let isCourierInstalled = access(courierProgram, X_OK) == 0

  static func dovecot(_ fixture: Fixture, imap: Bool = false, _ options: [String] = []) -> OtherServer {
    let isRoot = geteuid() == 0
    let config = fixture.root + "/dovecot.conf"
    let user = isRoot ? "nobody" : "\(geteuid())"
    let text = """
      mail_location = maildir:\(fixture.maildir)
      mail_home = \(fixture.root)
      mail_uid = \(user)
      mail_gid = \(isRoot ? "nogroup" : "\(getegid())")
      log_path = /dev/null
      base_dir = \(fixture.root)/run
      state_dir = \(fixture.root)/run
      stats_writer_socket_path =

      """
    fixture.replace(config, with: Array(text.utf8))
    chmod(config, 0o644)
    mkdir(fixture.root + "/run", 0o755)
    let words = options.map { "-o '\($0)'" }.joined(separator: " ")
    let program = "/usr/lib/dovecot/\(imap ? "imap" : "pop3")"
    return OtherServer(
      fixture, program, "USER=anna HOME=\(fixture.root) \(program) -c \(config) \(words) 2>/dev/null")
  }

  static func courier(_ fixture: Fixture) -> OtherServer {
    return OtherServer(
      fixture, courierProgram,
      "TCPREMOTEIP=127.0.0.1 AUTHENTICATED=anna AUTHADDR=anna \(courierProgram) \(fixture.maildir) 2>/dev/null"
    )
  }

  /// The server's replies to commands.
  func run(_ commands: [String]) throws -> [String] {
    if geteuid() == 0 {
      chmod(fixture.root, 0o777)
      _ = system("chown -R nobody:nogroup \(fixture.maildir)")
    }
    let input = commands.map { $0 + "\\r\\n" }.joined()
    let stream = try #require(popen("printf '\(input)' | timeout 20 env \(command)", "r"))
    defer { pclose(stream) }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { output += buffer[..<count] }
    return String(decoding: output, as: UTF8.self).split(separator: "\r\n").map(String.init)
  }

  func listing() throws -> Listing {
    let lines = try run(["LIST", "UIDL", "QUIT"])
    try #require(lines.count >= 4, "\(program) answers")
    var listing = Listing()
    var isUIDL = false
    for line in lines {
      if line == "." {
        isUIDL = true
      } else if !line.hasPrefix("+OK") {
        let words = line.split(separator: " ", maxSplits: 1)
        if isUIDL {
          listing.uidls.append(String(words[1]))
        } else {
          listing.sizes.append(try #require(UInt64(words[1])))
        }
      }
    }
    return listing
  }
}
