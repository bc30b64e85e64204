package import OceanAddresses
package import OceanBase
internal import Synchronization

/// Counts failed logins by address, and the blocks that follow from them.
///
/// An address is blocked at failure `maxFailures + 1`. Failures are forgotten together, once `forgetAfter`
/// has passed since the last that counted. The same wrong password for the same user counts once until then:
/// a device that repeats an old password must not get a whole office blocked. Repeating it does not keep the
/// others' failures from being forgotten either. A success clears nothing: a client with one account must not
/// get free guesses at others. A block leaves the count as it is: an address that fails again before it is
/// forgotten is blocked again at once.
///
/// IPv4 addresses count one by one, IPv6 addresses by prefix.
///
/// Blocks end by the monotonic clock, so that setting the wall clock neither lifts nor prolongs them; the
/// wall clock matters only when they are shown, stored and restored.
///
/// Memory is bounded. Counts and blocks have places of their own, so that neither drives out the other. If
/// there are more addresses than places, the least important go first: forgotten or ended ones; then, among
/// counts, those with the fewest failures, and the oldest of these; among blocks, the one that ends first. A
/// count takes 81 bytes and a block 57; from the seventh on, each guess of an address takes 4 bytes more.
///
/// Safe to call from any thread; no call blocks, except for locks that are held for moments.
package final class AntiHammering: Sendable {
  /// The limits in the plan.
  package struct Limits: Sendable, Hashable {
    /// The most failures without a block.
    package var maxFailures: Int
    package var forgetAfterSeconds: Int
    package var blockForSeconds: Int
    /// How long an address waits after each failure that counts.
    package var failureDelayMilliseconds: Int
    /// Addresses that are neither counted, delayed nor blocked, even if their prefix is.
    package var neverBlock: AddressSet

    package init(
      maxFailures: Int = 5, forgetAfterSeconds: Int = 15 * 60, blockForSeconds: Int = 30 * 60,
      failureDelayMilliseconds: Int, neverBlock: AddressSet
    ) {
      self.maxFailures = maxFailures
      self.forgetAfterSeconds = forgetAfterSeconds
      self.blockForSeconds = blockForSeconds
      self.failureDelayMilliseconds = failureDelayMilliseconds
      self.neverBlock = neverBlock
    }
  }

  /// The result of a failed login.
  package enum Outcome: Sendable, Hashable {
    /// The failure counts. The number is that of the address's failures now.
    case counted(Int)
    /// This guess had failed before.
    case repeated
    /// If `isNew`, the address is blocked from this failure on: its live sessions must end, and the block
    /// must be stored. Otherwise it was blocked already, while this login was on its way.
    case blocked(Block, isNew: Bool)
    /// The address is in `neverBlock`.
    case exempt
  }

  /// The default number of places for counts, and of places for blocks.
  package static let defaultCapacity = 1 << 20

  /// The most that delays add up to, in nanoseconds.
  package static let longestDelay: Int64 = 15_000_000_000

  private let limits: Mutex<Limits>
  private let v6PrefixLength: Int
  private let counts: AddressTable<FailureCount>
  private let blocked: AddressTable<BlockEntry>
  private let guesses = GuessDigest()

  /// - Parameters:
  ///   - v6PrefixLength: leading bits of an IPv6 address that count as one address, 1 to 128. It holds for
  ///     the life of the process: counts of one length mean nothing for another.
  ///   - capacity: places for counts, and as many for blocks.
  package init(
    _ limits: Limits, v6PrefixLength: Int = defaultV6PrefixLength, capacity: Int = defaultCapacity
  ) {
    self.limits = Mutex(limits)
    self.v6PrefixLength = min(max(v6PrefixLength, 1), 128)
    counts = AddressTable(capacity: capacity)
    blocked = AddressTable(capacity: capacity)
  }

  // MARK: - At a connection

  /// The block that keeps an address from connecting, if there is one; asked at every accept.
  package func block(of peer: IPAddress, at now: ClockReading) -> Block? {
    guard blocked.count > 0 else { return nil }
    guard let block = block(key(peer), at: now), !isExempt(peer) else { return nil }
    return block
  }

  // MARK: - At a login

  /// How long a login from this address has to wait before its password is even looked at, in nanoseconds.
  ///
  /// Each failure that counts moves the earliest next attempt `failureDelay` further, for all connections of
  /// the address: more connections, or pipelining, gain nothing. Never more than ``longestDelay``.
  package func delay(for peer: IPAddress, at now: ClockReading) -> Int64 {
    guard counts.count > 0, let count = counts.value(of: key(peer)), count.nextAttempt > now.monotonic,
      !isExempt(peer)
    else { return 0 }
    return min(count.nextAttempt &- now.monotonic, Self.longestDelay)
  }

  /// Counts a failed login.
  ///
  /// - Parameters:
  ///   - user: the name as it came.
  ///   - password: nil if there is no password to compare (challenge-response): such a failure always counts.
  package func failed(
    _ peer: IPAddress, user: some Collection<UInt8>, password: SecretBytes?, at now: ClockReading
  ) -> Outcome {
    let limits = limits.withLock { $0 }
    guard !limits.neverBlock.contains(peer) else { return .exempt }
    let key = key(peer)
    if let block = block(key, at: now) { return .blocked(block, isNew: false) }

    let guess = password.flatMap { guesses.digest(user: user, password: $0) }
    let failures = counts.update(key, rank: { $0.rank(at: now.monotonic) }) { count in
      count.add(guess, at: now.monotonic, limits)
    }
    guard let failures else { return .repeated }
    guard failures > limits.maxFailures else { return .counted(failures) }

    let length = Int64.nanoseconds(seconds: limits.blockForSeconds)
    let new = BlockEntry(
      since: now.wall, until: now.wall &+ length, ends: now.monotonic &+ length, clocks: now.clocks,
      failures: failures)
    let (entry, isNew) = blocked.update(key, rank: \.rank) { entry in
      // Two logins may have failed at once.
      if entry.ends > now.monotonic { return (entry, false) }
      entry = new
      return (entry, true)
    }
    return .blocked(block(key, entry, at: now), isNew: isNew)
  }

  // MARK: - For the administrator

  /// The failures that count against an address now.
  package func failures(of peer: IPAddress, at now: ClockReading) -> Int {
    guard !isExempt(peer) else { return 0 }
    return counts.value(of: key(peer))?.failures(at: now.monotonic) ?? 0
  }

  /// Sets other limits for all failures from now on. Counts and blocks stay, and end as they were to end.
  ///
  /// - Returns: the blocks that were lifted because `neverBlock` now has all their addresses.
  package func apply(_ limits: Limits, at now: ClockReading) -> [Block] {
    self.limits.withLock { $0 = limits }
    return lift(at: now) { prefix in
      limits.neverBlock.contains(prefix.network)
        && AddressSet([AddressPattern(prefix)]).isSubset(of: limits.neverBlock)
    }
  }

  /// All blocks in force, by prefix.
  package func blocks(at now: ClockReading) -> [Block] {
    blocked.all().filter { $0.value.ends > now.monotonic }.map { block($0.key, $0.value, at: now) }
      .sorted { $0.prefix < $1.prefix }
  }

  /// Lifts every block that shares an address with `prefix`, and forgets the failures that led to it.
  ///
  /// - Returns: the blocks lifted, by prefix.
  package func unblock(_ prefix: IPPrefix, at now: ClockReading) -> [Block] {
    lift(at: now) { $0.contains(prefix.network) || prefix.contains($0.network) }
  }

  /// Lifts all blocks, like ``unblock(_:at:)``.
  package func unblockAll(at now: ClockReading) -> [Block] {
    lift(at: now) { _ in true }
  }

  /// Takes over the rest of an earlier process's blocks by the wall clock, `blockFor` at most. Blocks of IPv6
  /// prefixes of another length are left out.
  package func restore(_ blocks: [Block], at now: ClockReading) {
    let longest = Int64.nanoseconds(seconds: limits.withLock(\.blockForSeconds))
    for block in blocks where block.until > now.wall {
      let key = key(block.prefix.network)
      guard key.prefix(v6PrefixLength: v6PrefixLength) == block.prefix else { continue }
      let (left, overflow) = block.until.subtractingReportingOverflow(now.wall)
      let length = overflow ? longest : min(left, longest)
      let entry = BlockEntry(
        since: block.since, until: now.wall &+ length, ends: now.monotonic &+ length, clocks: now.clocks,
        failures: block.failures)
      blocked.update(key, rank: \.rank) { $0 = entry }
    }
  }

  // MARK: - What other servers have told

  /// What became of a block that another server told.
  enum Adoption: Hashable, Sendable {
    case new(Block)
    case prolonged(Block)
    /// There is one here that ends as late, or it has ended, or its addresses are never blocked.
    case known
  }

  /// Everything that counts as one with an address.
  func prefix(of peer: IPAddress) -> IPPrefix { key(peer).prefix(v6PrefixLength: v6PrefixLength) }

  /// The block in force of a prefix that counts as one address.
  func block(at prefix: IPPrefix, _ now: ClockReading) -> Block? { block(key(prefix.network), at: now) }

  /// Takes over a block that another server made, unless there is one that ends as late.
  func adopt(_ block: Block, at now: ClockReading) -> Adoption {
    let known = self.block(at: block.prefix, now)
    // What is told twice differs by the time that messages take.
    if let known, known.until &+ 1_000_000_000 >= block.until { return .known }
    let isExempt = limits.withLock {
      $0.neverBlock.contains(block.prefix.network)
        && AddressSet([AddressPattern(block.prefix)]).isSubset(of: $0.neverBlock)
    }
    guard !isExempt else { return .known }
    restore([block], at: now)
    guard let adopted = self.block(at: block.prefix, now) else { return .known }
    return known == nil ? .new(adopted) : .prolonged(adopted)
  }

  /// Lifts the block of a prefix that counts as one address if it began before a time of the wall clock, and forgets the
  /// failures that led to it.
  func lift(_ prefix: IPPrefix, before time: Int64, at now: ClockReading) -> [Block] {
    guard let block = block(at: prefix, now), block.since <= time else { return [] }
    return unblock(prefix, at: now)
  }

  /// Takes over how often an address has failed at all servers, if it still counts here and is more.
  func learn(failures: Int, of prefix: IPPrefix, at now: ClockReading) {
    let key = key(prefix.network)
    guard counts.value(of: key) != nil else { return }
    counts.update(key, rank: { $0.rank(at: now.monotonic) }) { $0.raise(to: failures, at: now.monotonic) }
  }

  /// Frees what is forgotten or has ended; to be called about every minute, on any thread.
  ///
  /// Nothing else depends on this: counts and blocks that have ended have no effect, and give way first.
  package func sweep(at now: ClockReading) {
    counts.removeAll { $0.isSpent(at: now.monotonic) }
    blocked.removeAll { $0.ends <= now.monotonic }
  }

  // MARK: -

  private func key(_ peer: IPAddress) -> AddressKey {
    AddressKey(peer, v6PrefixLength: v6PrefixLength)
  }

  private func isExempt(_ peer: IPAddress) -> Bool {
    limits.withLock { $0.neverBlock.contains(peer) }
  }

  private func block(_ key: AddressKey, at now: ClockReading) -> Block? {
    guard let entry = blocked.value(of: key), entry.ends > now.monotonic else { return nil }
    return block(key, entry, at: now)
  }

  /// A block with its times by the wall clock as it is set now; setting the clock does not change what is
  /// left of the block.
  private func block(_ key: AddressKey, _ entry: BlockEntry, at now: ClockReading) -> Block {
    let difference = now.clocks &- entry.clocks
    // A clock that is merely kept right moves by less; times that were shown must not change.
    let shift = difference.magnitude < 2_000_000_000 ? 0 : difference
    return Block(
      prefix: key.prefix(v6PrefixLength: v6PrefixLength), since: entry.since &+ shift,
      until: entry.until &+ shift, failures: entry.failures)
  }

  /// Lifts blocks; the condition is asked without a lock.
  private func lift(at now: ClockReading, where condition: (IPPrefix) -> Bool) -> [Block] {
    blocks(at: now).filter { block in
      guard condition(block.prefix) else { return false }
      let key = key(block.prefix.network)
      counts.remove(key)
      return blocked.remove(key) != nil
    }
  }
}

/// The failures of one address. Times are of the monotonic clock, in nanoseconds.
private struct FailureCount: AddressTableValue {
  private var failures = 0
  private var forgottenAt = Int64.min
  private(set) var nextAttempt = Int64.min
  /// Different wrong passwords, `maxFailures` at most.
  private var guesses = GuessDigests()

  /// - Returns: the failures now; nil for a guess that failed before.
  mutating func add(_ guess: UInt32?, at now: Int64, _ limits: AntiHammering.Limits) -> Int? {
    if forgottenAt <= now {
      failures = 0
      guesses = GuessDigests()
    }
    if let guess {
      if guesses.contains(guess) { return nil }
      if guesses.count < limits.maxFailures { guesses.append(guess) }
    }
    failures += 1
    forgottenAt = now &+ .nanoseconds(seconds: limits.forgetAfterSeconds)
    let delay = Int64.nanoseconds(milliseconds: limits.failureDelayMilliseconds)
    nextAttempt = min(max(now, nextAttempt) &+ delay, now &+ AntiHammering.longestDelay)
    return failures
  }

  /// Counts failures that others have seen as well. What was forgotten here stays forgotten.
  mutating func raise(to failures: Int, at now: Int64) {
    if forgottenAt > now { self.failures = max(self.failures, failures) }
  }

  func failures(at now: Int64) -> Int { forgottenAt <= now ? 0 : failures }

  /// Whether nothing is lost if it is removed.
  func isSpent(at now: Int64) -> Bool { forgottenAt <= now && nextAttempt <= now }

  /// Zero if it is spent; else by failures, then by time.
  func rank(at now: Int64) -> UInt64 {
    isSpent(at: now)
      ? 0 : UInt64(min(failures, 0xffff)) << 48 | (UInt64(bitPattern: forgottenAt) ^ 1 << 63) >> 16
  }
}

private struct BlockEntry: AddressTableValue {
  /// By the wall clock, to be shown and stored.
  var since: Int64 = 0
  var until: Int64 = 0
  /// The end by the monotonic clock, which is the one that counts.
  var ends = Int64.min
  /// How far the wall clock was ahead of the monotonic one.
  var clocks: Int64 = 0
  var failures = 0

  var rank: UInt64 { UInt64(bitPattern: ends) ^ 1 << 63 }
}
