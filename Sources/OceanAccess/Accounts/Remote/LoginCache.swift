internal import COpenSSL
internal import OceanBase
internal import Synchronization

/// The logins that a source outside of this process let in lately, which need not be asked about for some time.
///
/// A login is kept as a keyed hash of all that decides about it, with what the source said of the account; neither the
/// password nor the hash that it was compared with. The key is drawn at random and never leaves memory. Only logins
/// that were let in are kept, so the cache lets in, and never refuses.
///
/// In the first half of its time a login is answered without a question. In the second half the source is asked, and the
/// cache answers only if the source cannot tell. So a source may be away for half of the time at least before anybody
/// who logs in regularly notices.
final class LoginCache: Sendable {
  /// A login that is asked about. Nothing is computed while the lock is held: it carries the hash.
  struct Ticket: Sendable {
    fileprivate let key: SIMD4<UInt64>
    fileprivate let names: [AccountName]
    /// The number of forgetful moments before the question.
    fileprivate let generation: Int
  }

  struct Counts: Sendable, Hashable {
    /// Logins that are kept now.
    var kept: Int
    /// Logins that were answered from here.
    var answered: Int
  }

  fileprivate struct Entry {
    let account: Account
    /// The names that the login may have meant.
    let names: [AccountName]
    /// From then on the source is asked first.
    let stale: Int64
    let end: Int64
    /// Tells it from an earlier entry of the same login.
    let serial: Int
  }

  fileprivate struct State {
    var entries: [SIMD4<UInt64>: Entry] = [:]
    /// Every entry in the order of ends, and those that were replaced since.
    var order: [(key: SIMD4<UInt64>, serial: Int)] = []
    /// How many at the beginning of `order` are over.
    var gone = 0
    var serial = 0
    var generation = 0
    var answered = 0
  }

  /// The most logins that are kept; the oldest goes for a new one.
  static let maxLogins = 1 << 16

  private let source: String
  private let lifetime: Int64
  private let dependsOnClient: Bool
  private let capacity: Int
  private let clock: @Sendable () -> Int64
  private let wall: @Sendable () -> Int64
  private let secret: SecretBytes
  private let state = Mutex(State())

  /// - Parameters:
  ///   - dependsOnClient: whether the source is told the client's address, and may decide by it.
  ///   - clock: a clock that nobody sets, in nanoseconds.
  ///   - wall: seconds since 1970.
  init(
    of source: String, seconds: Int, dependsOnClient: Bool, capacity: Int = maxLogins,
    clock: @escaping @Sendable () -> Int64 = { SystemClock.boot.now },
    wall: @escaping @Sendable () -> Int64 = { SystemClock.wall.seconds }
  ) {
    (self.source, lifetime) = (source, Int64(seconds) * 1_000_000_000)
    (self.dependsOnClient, self.capacity) = (dependsOnClient, max(capacity, 1))
    (self.clock, self.wall) = (clock, wall)
    var random = SystemRandomNumberGenerator()
    secret = SecretBytes(capacity: 32) { buffer in
      for index in buffer.indices { buffer[index] = random.next() }
      return buffer.count
    }
  }

  /// The ticket of a login; nil if the question is not about one, or libcrypto cannot compute the hash.
  func ticket(for question: AccountQuestion) -> Ticket? {
    guard question.hasPossiblePassword, let password = question.password, let key = hash(question, password)
    else { return nil }
    return Ticket(key: key, names: question.names, generation: state.withLock(\.generation))
  }

  /// The account of a login that was let in, and may be used there and now; nil if the source is to be asked.
  ///
  /// - Parameter isSourceSilent: whether the source was asked and cannot tell.
  func account(for ticket: Ticket, _ question: AccountQuestion, isSourceSilent: Bool) -> Account? {
    let now = clock()
    let found: Account? = state.withLock { state in
      guard let entry = state.entries[ticket.key], now < (isSourceSilent ? entry.end : entry.stale) else {
        return nil
      }
      return entry.account
    }
    // What bars the login may have been changed at the source.
    guard let found,
      found.conditions.obstacle(at: question.service, from: question.client, time: wall()) == nil
    else { return nil }
    state.withLock { $0.answered += 1 }
    return found
  }

  /// Keeps a login that was let in, unless something was forgotten since it was asked about.
  func keep(_ account: Account, for ticket: Ticket) {
    guard account.status == .active else { return }
    let known = Account(
      name: account.name, status: .active, home: account.home, maildir: account.maildir,
      conditions: account.conditions, line: account.line, password: nil, sourceCheck: .right)
    let now = clock()
    state.withLock { state in
      guard state.generation == ticket.generation else { return }
      state.dropEnded(at: now)
      while state.order.count - state.gone >= capacity { state.dropFirst() }
      state.serial += 1
      state.entries[ticket.key] = Entry(
        account: known, names: ticket.names, stale: now + lifetime / 2, end: now + lifetime,
        serial: state.serial)
      state.order.append((ticket.key, state.serial))
    }
  }

  /// Forgets a login that is not let in any more.
  func forget(_ ticket: Ticket) {
    state.withLock { _ = $0.entries.removeValue(forKey: ticket.key) }
  }

  /// Forgets the logins of a user, or all.
  ///
  /// - Returns: how many there were.
  func forget(_ user: AccountName?) -> Int {
    let now = clock()
    return state.withLock { state in
      state.dropEnded(at: now)
      state.generation += 1
      let before = state.entries.count
      if let user {
        state.entries = state.entries.filter { $1.account.name != user && !$1.names.contains(user) }
      } else {
        (state.entries, state.order, state.gone) = ([:], [], 0)
      }
      return before - state.entries.count
    }
  }

  var counts: Counts {
    let now = clock()
    return state.withLock { state in
      state.dropEnded(at: now)
      return Counts(kept: state.entries.count, answered: state.answered)
    }
  }

  // MARK: - The hash

  /// KMAC256 (NIST SP 800-185) of all that decides about a login.
  private func hash(_ question: AccountQuestion, _ password: SecretBytes) -> SIMD4<UInt64>? {
    let texts =
      [
        source, question.defaultDomain ?? "", question.service,
        dependsOnClient ? "\(question.client)" : "",
      ] + question.names.map(\.text)
    // The lengths show where each part ends, and their number what is the password.
    let lengths = ([texts.count] + texts.map(\.utf8.count)).map { UInt64($0).littleEndian }
    let head = lengths.withUnsafeBytes { Array($0) } + texts.flatMap { Array($0.utf8) }
    let message = SecretBytes(joining: [SecretBytes(copying: head), password])
    let digest = SecretBytes(capacity: Self.length) { output in
      secret.withUnsafeBytes { key in
        message.withUnsafeBytes { message in
          let done = EVP_Q_mac(
            nil, "KMAC-256", nil, nil, nil, key.baseAddress, key.count,
            message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count,
            output.baseAddress?.assumingMemoryBound(to: UInt8.self), Self.length, nil)
          return done == nil ? 0 : Self.length
        }
      }
    }
    guard digest.count == Self.length else {
      ERR_clear_error()
      return nil
    }
    return digest.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
  }

  /// Octets of KMAC256, of which half are kept.
  private static let length = 64
}

extension LoginCache.State {
  mutating func dropEnded(at now: Int64) {
    while gone < order.count {
      let (key, serial) = order[gone]
      if let entry = entries[key], entry.serial == serial, entry.end > now { return }
      dropFirst()
    }
  }

  /// Forgets the entry that ends first.
  mutating func dropFirst() {
    guard gone < order.count else { return }
    let (key, serial) = order[gone]
    if entries[key]?.serial == serial { entries.removeValue(forKey: key) }
    gone += 1
    guard gone > 1024, gone > order.count / 2 else { return }
    order.removeFirst(gone)
    gone = 0
  }
}
