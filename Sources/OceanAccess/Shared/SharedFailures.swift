package import OceanAddresses
package import OceanBase
internal import Synchronization

/// Failed logins and blocks that several servers count together.
///
/// It answers from what this server knows, which is a table of its own (``AntiHammering``), and never waits. What happens
/// here is noted for an exchange with the engine that all servers ask; what others have told comes back with it. So each
/// server has all blocks, and of failures those that it saw, with the fleet's count for each address it saw them from.
///
/// While the engine is away all goes on alone. Afterwards everything is told again: all blocks in force, and what was
/// lifted as long as a block from before could still be in force elsewhere. The later end of a block wins, and a block
/// that began before it was lifted is over.
///
/// What waits is bounded: failures that do not fit are only counted here.
package final class SharedFailures: AddressFailures {
  /// How many failures wait for an exchange.
  static let maxWaiting = 10_000

  fileprivate struct Failure {
    let address: IPPrefix
    /// Nil for a guess that cannot be compared: it counts anew however often it is told.
    let guess: UInt32?
    let time: Int64
  }

  private struct State {
    var limits: AntiHammering.Limits
    var failures: [Failure] = []
    /// Addresses whose block is to be told.
    var blocks: [IPPrefix] = []
    /// Addresses whose lifting is to be told.
    var lifts: [IPPrefix] = []
    /// When blocks were lifted here, by the monotonic clock.
    var lifted: [IPPrefix: Int64] = [:]
    /// How far the engine's data was read.
    var cursor: Int64 = 0
    var guesses: GuessDigest?
    var dropped = 0
  }

  /// Digests of the guesses of an address that count already, wherever they were made.
  private struct CountedGuesses: AddressTableValue {
    var digests = GuessDigests()
    /// When they are forgotten, by the monotonic clock.
    var end = Int64.min
  }

  private let local: AntiHammering
  private let counted = AddressTable<CountedGuesses>(capacity: AntiHammering.defaultCapacity)
  private let v6PrefixLength: Int
  private let state: Mutex<State>
  /// Told that there is something to tell. Called on the thread of a caller, with no lock held.
  private let noted: @Sendable () -> Void

  /// - Parameter noted: called when there is something for an exchange.
  package init(
    _ limits: AntiHammering.Limits, v6PrefixLength: Int = defaultV6PrefixLength,
    noted: @escaping @Sendable () -> Void
  ) {
    local = AntiHammering(limits, v6PrefixLength: v6PrefixLength)
    self.v6PrefixLength = v6PrefixLength
    state = Mutex(State(limits: limits))
    self.noted = noted
  }

  // MARK: - What this server knows

  package func block(of peer: IPAddress, at now: ClockReading) -> Block? { local.block(of: peer, at: now) }

  package func delay(for peer: IPAddress, at now: ClockReading) -> Int64 { local.delay(for: peer, at: now) }

  package func failures(of peer: IPAddress, at now: ClockReading) -> Int {
    local.failures(of: peer, at: now)
  }

  package func blocks(at now: ClockReading) -> [Block] { local.blocks(at: now) }

  package func restore(_ blocks: [Block], at now: ClockReading) { local.restore(blocks, at: now) }

  package func sweep(at now: ClockReading) {
    local.sweep(at: now)
    counted.removeAll { $0.end <= now.monotonic }
    state.withLock { state in
      let oldest = now.monotonic &- .nanoseconds(seconds: state.limits.blockForSeconds)
      state.lifted = state.lifted.filter { $0.value > oldest }
    }
  }

  // MARK: - What is told

  package func failed(
    _ peer: IPAddress, user: some Collection<UInt8>, password: SecretBytes?, at now: ClockReading
  ) -> AntiHammering.Outcome {
    let digests = state.withLock { $0.guesses }
    let guess = password.flatMap { digests?.digest(user: user, password: $0) }
    if let guess, isCounted(guess, of: peer, at: now) { return .repeated }
    let outcome = local.failed(peer, user: user, password: password, at: now)
    let address = local.prefix(of: peer)
    switch outcome {
    case .counted, .blocked(_, isNew: true):
      note { state in
        if state.failures.count < Self.maxWaiting {
          state.failures.append(Failure(address: address, guess: guess, time: now.monotonic))
        } else {
          state.dropped += 1
        }
        if case .blocked = outcome { state.blocks.append(address) }
      }
    case .repeated, .exempt, .blocked: break
    }
    return outcome
  }

  /// Whether a guess is among the failures that the fleet's count has, and that still count here. The count would have it twice.
  private func isCounted(_ guess: UInt32, of peer: IPAddress, at now: ClockReading) -> Bool {
    let key = AddressKey(peer, v6PrefixLength: v6PrefixLength)
    guard counted.count > 0, let known = counted.value(of: key), known.end > now.monotonic else {
      return false
    }
    return known.digests.contains(guess) && local.block(of: peer, at: now) == nil
      && local.failures(of: peer, at: now) > 0
  }

  package func apply(_ limits: AntiHammering.Limits, at now: ClockReading) -> [Block] {
    state.withLock { $0.limits = limits }
    return lifted(local.apply(limits, at: now), at: now)
  }

  /// An address that is blocked elsewhere, and is not known to be so here, is lifted as well.
  package func unblock(_ prefix: IPPrefix, at now: ClockReading) -> [Block] {
    let blocks = local.unblock(prefix, at: now)
    let isOne = local.prefix(of: prefix.network) == prefix || prefix.length == prefix.family.bits
    return lifted(blocks, and: isOne ? local.prefix(of: prefix.network) : nil, at: now)
  }

  package func unblockAll(at now: ClockReading) -> [Block] { lifted(local.unblockAll(at: now), at: now) }

  private func lifted(_ blocks: [Block], and other: IPPrefix? = nil, at now: ClockReading) -> [Block] {
    let addresses = Set(blocks.map(\.prefix) + [other].compactMap(\.self))
    guard !addresses.isEmpty else { return blocks }
    note { state in
      for address in addresses { state.lifted[address] = now.monotonic }
      state.lifts += addresses
    }
    return blocks
  }

  private func note(_ body: (inout State) -> Void) {
    state.withLock { body(&$0) }
    noted()
  }

  // MARK: - Exchanges

  /// What one exchange tells of failures and blocks.
  struct Told: Sendable {
    let records: [String]
    let cursor: Int64
    fileprivate let failures: [Failure]
    fileprivate let blocks: [IPPrefix]
    fileprivate let lifts: [IPPrefix]
  }

  /// Lets everything be told that others may not know.
  func beginAnew(at now: ClockReading) {
    let blocks = local.blocks(at: now).map(\.prefix)
    state.withLock { state in
      state.blocks = blocks
      state.lifts = Array(state.lifted.keys)
      state.cursor = 0
    }
  }

  /// Takes the key of the digests by which servers tell a repeated guess.
  func useGuessKey(_ key: SecretBytes) { state.withLock { $0.guesses = GuessDigest(key: key) } }

  /// Takes what is to be told now.
  func tell(_ room: inout Int, at now: ClockReading) -> Told {
    let (lifts, blocks, failures, before) = state.withLock { state in
      let forgotten = now.monotonic &- .nanoseconds(seconds: state.limits.forgetAfterSeconds)
      state.failures.removeAll { $0.time <= forgotten }
      let lifts = state.lifts.takeFirst(&room)
      let blocks = state.blocks.takeFirst(&room)
      return (lifts, blocks, state.failures.takeFirst(&room), state)
    }
    let limits = before.limits
    let length = limits.blockForSeconds * 1000
    var records: [String] = []
    for address in lifts {
      let age = now.monotonic.milliseconds(since: before.lifted[address] ?? now.monotonic)
      records += ["l", "\(address)", "\(age)", "\(length)", "", ""]
    }
    for failure in failures {
      let left = Int64(limits.forgetAfterSeconds) * 1000 - now.monotonic.milliseconds(since: failure.time)
      let guess = failure.guess.map { String($0, radix: 16) } ?? ""
      records += ["f", "\(failure.address)", guess, "\(limits.maxFailures)", "\(left)", "\(length)"]
    }
    for address in blocks {
      // It may have ended, or have been lifted, since.
      guard let block = local.block(at: address, now) else { continue }
      let (age, left) = (now.wall.milliseconds(since: block.since), block.until.milliseconds(since: now.wall))
      records += ["b", "\(address)", "\(age)", "\(left)", "\(block.failures)", ""]
    }
    return Told(records: records, cursor: before.cursor, failures: failures, blocks: blocks, lifts: lifts)
  }

  /// Puts back what the engine did not confirm. It may have counted a failure all the same: such a failure is told again
  /// only if the engine can see that it is the same.
  func putBack(_ told: Told) {
    state.withLock { state in
      state.failures.insert(contentsOf: told.failures.filter { $0.guess != nil }, at: 0)
      state.blocks.insert(contentsOf: told.blocks, at: 0)
      state.lifts.insert(contentsOf: told.lifts, at: 0)
    }
  }

  /// Takes over what others have told, and how often the addresses of failures have failed everywhere.
  func take(
    _ changes: SharedState.Page, _ counts: [RESPValue], to told: Told, into news: inout SharedState.News,
    at now: ClockReading
  ) throws(SharedState.AnswerError) {
    guard counts.count == told.failures.count else { throw .malformed }
    for change in changes.entries { try take(change, into: &news, at: now) }
    for (failure, count) in zip(told.failures, counts) { try learn(count, of: failure.address, at: now) }
    state.withLock { $0.cursor = changes.cursor }
  }

  /// Takes over the fleet's count for an address, and which guesses are in it.
  private func learn(_ text: RESPValue, of address: IPPrefix, at now: ClockReading) throws(SharedState
    .AnswerError)
  {
    guard let words = text.string?.split(separator: " "), let count = words.first.flatMap({ Int($0) }) else {
      throw .malformed
    }
    local.learn(failures: count, of: address, at: now)
    var known = CountedGuesses()
    for word in words.dropFirst() {
      guard let digest = UInt32(word, radix: 16) else { throw .malformed }
      known.digests.append(digest)
    }
    known.end = now.monotonic &+ .nanoseconds(seconds: state.withLock(\.limits.forgetAfterSeconds))
    let key = AddressKey(address.network, v6PrefixLength: v6PrefixLength)
    counted.update(key, rank: { UInt64(bitPattern: $0.end) ^ 1 << 63 }) { [known] in $0 = known }
  }

  private func take(
    _ change: RESPValue, into news: inout SharedState.News, at now: ClockReading
  ) throws(SharedState.AnswerError) {
    guard let parts = change.elements, parts.count == 5, let text = parts[0].string,
      let address = try? IPPrefix(parsing: text), local.prefix(of: address.network) == address,
      let kind = parts[1].string, let age = parts[2].int, let left = parts[3].int, let count = parts[4].int
    else { throw .malformed }
    let since = now.wall &- .nanoseconds(milliseconds: age)
    switch kind {
    case "b":
      let block = Block(
        prefix: address, since: since, until: now.wall &+ .nanoseconds(milliseconds: left),
        failures: Int(clamping: count))
      switch local.adopt(block, at: now) {
      case .new(let block): news.blocked.append(block)
      case .prolonged(let block): news.prolonged.append(block)
      case .known: break
      }
    case "l": news.lifted += local.lift(address, before: since, at: now)
    default: throw .malformed
    }
  }

  /// How many failures were not told because too many waited.
  package var droppedFailures: Int { state.withLock { $0.dropped } }

  /// How much waits to be told.
  package var waitingCount: Int {
    state.withLock { $0.failures.count + $0.blocks.count + $0.lifts.count }
  }
}

extension Array {
  /// Takes the first elements, as many as there is room for.
  fileprivate mutating func takeFirst(_ room: inout Int) -> [Element] {
    let taken = Array(prefix(room))
    removeFirst(taken.count)
    room -= taken.count
    return taken
  }
}

extension Int64 {
  private static let longest: Int64 = 400 * 86_400_000

  fileprivate func milliseconds(since time: Int64) -> Int64 { Swift.max(self &- time, 0) / 1_000_000 }

  /// A time of the engine, cut off at what a block may last.
  fileprivate static func nanoseconds(milliseconds: Int64) -> Int64 {
    Swift.min(Swift.max(milliseconds, 0), longest) * 1_000_000
  }
}
