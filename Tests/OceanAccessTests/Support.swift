import Glibc
import OceanAddresses
import OceanBase
import Synchronization
import TestSupport
@testable import OceanAccess

extension SecretBytes {
  init(_ text: String) { self.init(copying: Array(text.utf8)) }

  var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

func passwdFile(_ text: String, defaultDomain: String? = nil) -> PasswdFile {
  PasswdFile(parsing: SecretBytes(text), defaultDomain: defaultDomain)
}

func kinds(_ text: String, defaultDomain: String? = nil) -> [AccountIssue.Kind] {
  passwdFile(text, defaultDomain: defaultDomain).issues.entries.map(\.kind)
}

func name(_ text: String) throws -> AccountName { try AccountName(folding: text.utf8) }

extension AccountDirectory {
  /// The account of a login, whether or not it may log in.
  func entry(_ login: String) -> Entry? {
    if case .entry(let entry) = find(login, service: "pop3", peer: somewhere) { entry } else { nil }
  }
}

let somewhere = IPAddress(v4: 0xc000_0201)  // 192.0.2.1

extension TemporaryDirectory {
  private struct CannotWrite: Error {}

  /// Writes in place: the inode stays the same.
  @discardableResult
  func write(_ text: String, to name: String = "users") throws -> String {
    let path = "\(path)/\(name)"
    guard let file = fopen(path, "w") else { throw CannotWrite() }
    fputs(text, file)
    fclose(file)
    return path
  }

  /// Writes a new file and renames it over the old one.
  func replace(_ text: String) throws {
    try write(text, to: "users.new")
    rename("\(path)/users.new", "\(path)/users")
  }
}

/// A wall clock that tests move.
final class TestClock: Sendable {
  private let time = Mutex(Int64(0))

  var now: Int64 {
    get { time.withLock { $0 } }
    set { time.withLock { $0 = newValue } }
  }

  /// The machine's time plus `seconds`.
  func set(secondsAhead seconds: Int64) {
    now = (SystemClock.wall.seconds + seconds) * 1_000_000_000
  }
}
