/// Decides which lines of a table of logins are kept, in two passes over the same lines.
///
/// It needs 4 octets for a line and about 40 for an account, whatever their names are.
struct LoginSelection {
  private struct Account {
    var sessions = 0
    var failures = 0
    var untried = 0
    /// The numbers of its last session and of its last line, from 1; 0 without one.
    var lastSession = 0
    var last = 0
    var isKept = true
  }

  /// The value for a line that cannot be read.
  private static let noAccount = UInt32.max

  private let bounds: LoginTable.Bounds
  private var accounts: [Account] = []
  /// The index of an account by the hash of its name. Two accounts with the same hash, should there ever be
  /// some, share the room for one.
  private var indexes: [Int: UInt32] = [:]
  /// The account of each line, times four, and more for what it is about: 1 for a failure, 2 for a login that was not tried.
  private var lines: [UInt32] = []
  private var position = 0
  private(set) var unreadable = 0

  init(_ bounds: LoginTable.Bounds) { self.bounds = bounds }

  /// The first pass.
  mutating func count(_ line: UnsafeRawBufferPointer) {
    guard let head = LoginRecord.head(of: line) else {
      unreadable += 1
      return lines.append(Self.noAccount)
    }
    let hash = Self.hash(head.account)
    let index: UInt32
    if let known = indexes[hash] {
      index = known
    } else {
      index = UInt32(truncatingIfNeeded: accounts.count)
      indexes[hash] = index
      accounts.append(Account())
    }
    let at = Int(index)
    switch head.kind {
    case .session:
      lines.append(index << 2)
      accounts[at].sessions += 1
      accounts[at].lastSession = lines.count
    case .failure:
      lines.append(index << 2 | 1)
      accounts[at].failures += 1
    case .untried:
      lines.append(index << 2 | 2)
      accounts[at].untried += 1
    }
    accounts[at].last = lines.count
  }

  /// Chooses the accounts that stay: those with the latest sessions, then those that only failed.
  mutating func choose() {
    indexes = [:]
    guard accounts.count > bounds.accounts else { return }
    let order = accounts.indices.sorted { a, b in
      let (a, b) = (accounts[a], accounts[b])
      return (a.lastSession, a.last) > (b.lastSession, b.last)
    }
    for index in order.dropFirst(bounds.accounts) { accounts[index].isKept = false }
  }

  /// The second pass: whether the next line is kept.
  mutating func keepsNext() -> Bool {
    guard position < lines.count else { return false }
    let line = lines[position]
    position += 1
    guard line != Self.noAccount else { return false }
    let index = Int(line >> 2)
    guard accounts[index].isKept else { return false }
    // The oldest go first, until as many are left as may stay.
    switch line & 3 {
    case 0:
      guard accounts[index].sessions > bounds.sessions else { return true }
      accounts[index].sessions -= 1
    case 1:
      guard accounts[index].failures > bounds.failures else { return true }
      accounts[index].failures -= 1
    default:
      guard accounts[index].untried > 1 else { return true }
      accounts[index].untried -= 1
    }
    return false
  }

  /// Swift's hashes use a key of the process: nobody can choose names that share the room for one.
  private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: name)
    return hasher.finalize()
  }
}
