/// Decides which lines of a table of logins are kept, in two passes over the same lines.
///
/// It needs 4 octets for a line and about 40 for an account, whatever their names are.
struct LoginSelection {
  private struct Account {
    /// How many lines there are of each kind, by its place.
    var lines = SIMD4<UInt32>()
    /// The numbers of its last session and of its last line, from 1; 0 without one.
    var lastSession = 0
    var last = 0
    var isKept = true
  }

  /// The value for a line that cannot be read.
  private static let noAccount = UInt32.max

  private let bounds: LoginTable.Bounds
  /// How many lines of each kind stay, by its place.
  private let limits: [Int]
  private var accounts: [Account] = []
  /// The index of an account by the hash of its name. Two accounts with the same hash, should there ever be
  /// some, share the room for one.
  private var indexes: [Int: UInt32] = [:]
  /// The account of each line, times four, and the place of its kind.
  private var lines: [UInt32] = []
  private var position = 0
  private(set) var unreadable = 0

  init(_ bounds: LoginTable.Bounds) {
    self.bounds = bounds
    limits = [bounds.sessions, bounds.failures, 1]
  }

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
    let place = Self.place(of: head.kind)
    lines.append(index << 2 | UInt32(place))
    accounts[at].lines[place] &+= 1
    accounts[at].last = lines.count
    if head.kind == .session { accounts[at].lastSession = lines.count }
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
    let place = Int(line & 3)
    guard accounts[index].lines[place] > limits[place] else { return true }
    accounts[index].lines[place] -= 1
    return false
  }

  /// One of three places.
  private static func place(of kind: LoginRecord.Kind) -> Int {
    switch kind {
    case .session: 0
    case .failure: 1
    case .untried: 2
    }
  }

  /// Swift's hashes use a key of the process: nobody can choose names that share the room for one.
  private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: name)
    return hasher.finalize()
  }
}
