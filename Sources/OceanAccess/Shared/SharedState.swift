internal import OceanAddresses
internal import OceanBase
internal import Synchronization

/// What one server and the engine that several servers ask tell each other, in one exchange after the other.
///
/// Nothing here waits: callers of ``failures`` and ``connections`` get an answer from what is known, and what they did is
/// told with the next exchange.
package final class SharedState: Sendable {
  /// How much is told in one exchange, and in one answer.
  static let batch = 200
  /// The words before what is told.
  static let headLength = 8
  /// How many requests wait for an exchange.
  private static let maxRequests = 100
  /// After a pause of this length the engine may have taken this server for gone, with its connections: it does so after 15
  /// seconds.
  private static let longestPause: Int64 = 10_000_000_000

  private struct State {
    /// The id of the engine's data; empty before it has answered.
    var epoch = ""
    /// Requests to the other servers that are to be told.
    var requests: [String] = []
    /// Its name in the engine. A new one for each connection: what it had told under another does not count any more.
    var node = randomID(words: 1)
    /// Names that it had before, and that the engine may still know.
    var nodesBefore: [String] = []
    /// When it last told or asked something, by the monotonic clock.
    var latest = Int64.min
    /// How far requests were read; negative: what came before this server is not for it.
    var cursor: Int64 = -1
  }

  package let failures: SharedFailures
  package let connections: SharedConnections
  /// The form of what is kept in the engine: its version, and how long the prefixes are that count as one IPv6 address.
  package let form: String
  private let noted: @Sendable () -> Void
  private let state = Mutex(State())

  /// - Parameter noted: called when there is something to tell, on the thread of whoever did it.
  package init(
    _ limits: AntiHammering.Limits, v6PrefixLength: Int = defaultV6PrefixLength,
    noted: @escaping @Sendable () -> Void
  ) {
    form = "2/\(v6PrefixLength)"
    failures = SharedFailures(limits, v6PrefixLength: v6PrefixLength, noted: noted)
    connections = SharedConnections(v6PrefixLength: v6PrefixLength, noted: noted)
    self.noted = noted
  }

  /// Asks the other servers to do something about clients that are connected now.
  ///
  /// - Parameter request: what they understand.
  package func ask(_ request: String) {
    state.withLock { if $0.requests.count < Self.maxRequests { $0.requests.append(request) } }
    noted()
  }

  /// How much waits to be told.
  package var waitingCount: Int { failures.waitingCount + state.withLock { $0.requests.count } }

  /// What one exchange tells, until the engine has answered.
  package struct Exchange: Sendable {
    /// The words of the command behind the script and its keys.
    package let arguments: [String]
    let failures: SharedFailures.Told
    fileprivate let requests: [String]
  }

  /// What others have told.
  package struct News: Sendable, Equatable {
    /// Blocks that are new here.
    package var blocked: [Block] = []
    /// Blocks that were known, and end later than was known.
    package var prolonged: [Block] = []
    package var lifted: [Block] = []
    /// Requests, with the milliseconds since each was made.
    package var requests: [Request] = []
    /// Whether there is more to tell or to be told.
    package var hasMore = false

    package struct Request: Sendable, Equatable {
      package let text: String
      package let age: Int64
    }
  }

  /// Why an answer cannot be used.
  package enum AnswerError: Error, Hashable, Sendable {
    /// Keys with the prefix are not ocean's, or of servers that count otherwise. Empty if the form is unknown.
    case foreign(form: String)
    case malformed
  }

  /// Lets everything be told that others may not know: the connection is new, and the engine may have lost what it knew.
  package func beginAnew(at now: ClockReading) {
    failures.beginAnew(at: now)
    tellConnectionsAgain()
  }

  private func tellConnectionsAgain() {
    state.withLock { state in
      // The engine forgets a name by itself, if it is not told in time.
      state.nodesBefore = state.nodesBefore.suffix(8) + [state.node]
      state.node = randomID(words: 1)
      state.latest = .min
    }
    connections.beginAnew()
  }

  /// Goes on alone: what others have now is not known.
  package func beAlone() { connections.forgetOthers() }

  /// Takes what is to be told now.
  package func exchange(at now: ClockReading) -> Exchange {
    let isAfterPause = state.withLock { state in
      defer { state.latest = now.monotonic }
      return state.latest != .min && now.monotonic &- state.latest > Self.longestPause
    }
    if isAfterPause { tellConnectionsAgain() }
    let (epoch, requests, cursor, node, nodesBefore) = state.withLock { state in
      defer { state.requests = [] }
      return (state.epoch, state.requests, state.cursor, state.node, state.nodesBefore)
    }
    var room = Self.batch
    let told = failures.tell(&room, at: now)
    let changes = connections.changes(&room)
    var arguments = [
      form, epoch, randomID(words: 4), "\(Self.batch)", "\(told.cursor)", "\(connections.cursor)",
      "\(cursor)", node,
    ]
    arguments += told.records
    for name in nodesBefore { arguments += ["C", name, "", "", "", ""] }
    for (address, has) in changes {
      arguments += ["c", "\(address)", "\(has.count)", "\(has.limit)", "", ""]
    }
    for request in requests { arguments += ["r", request, "", "", "", ""] }
    return Exchange(arguments: arguments, failures: told, requests: requests)
  }

  /// Puts back what the engine did not confirm.
  package func putBack(_ exchange: Exchange) {
    failures.putBack(exchange.failures)
    state.withLock { $0.requests = Array((exchange.requests + $0.requests).prefix(Self.maxRequests)) }
  }

  /// Takes over what the engine answered.
  package func take(
    _ answer: RESPValue, to exchange: Exchange, at now: ClockReading
  ) throws(AnswerError) -> News {
    guard let parts = answer.elements, let kind = parts.first?.string else { throw .malformed }
    if kind == "form", parts.count == 2 { throw .foreign(form: parts[1].string ?? "") }
    guard kind == "ok", parts.count == 7, let epoch = parts[1].string, let more = parts[2].int,
      let counts = parts[3].elements, let changes = Page(parts[4]), let totals = Page(parts[5]),
      let requests = Page(parts[6])
    else { throw .malformed }
    var news = News()
    try failures.take(changes, counts, to: exchange.failures, into: &news, at: now)
    try connections.take(totals)
    for request in requests.entries {
      guard let parts = request.elements, parts.count == 2, let text = parts[0].string, let age = parts[1].int
      else { throw .malformed }
      news.requests.append(News.Request(text: text, age: age))
    }
    let (isOther, hasLost) = state.withLock { state in
      let before = state.epoch
      (state.epoch, state.cursor, state.nodesBefore) = (epoch, requests.cursor, [])
      return (before != epoch, !before.isEmpty && before != epoch)
    }
    if isOther { failures.useGuessKey(SecretBytes(copying: epoch.utf8)) }
    if hasLost { beginAnew(at: now) }
    news.hasMore = more != 0 || waitingCount > 0
    return news
  }

  /// A part of what the engine has, and how far it was read.
  struct Page {
    let cursor: Int64
    let entries: [RESPValue]

    init?(_ value: RESPValue) {
      guard let parts = value.elements, parts.count == 2, let cursor = parts[0].int,
        let entries = parts[1].elements
      else { return nil }
      (self.cursor, self.entries) = (cursor, entries)
    }
  }
}

/// Random digits.
private func randomID(words: Int) -> String {
  var random = SystemRandomNumberGenerator()
  return (0..<words).map { _ in
    let word = String(random.next() as UInt64, radix: 16)
    return String(repeating: "0", count: 16 - word.count) + word
  }.joined()
}
