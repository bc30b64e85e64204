/// Decides whether a source outside of this process is asked, by how it answered before.
///
/// A source that is away is not asked by everybody: one question at a time tries whether it is back, after a pause that
/// doubles with each try. All others are told at once that it is away.
package struct BackendHealth: Sendable {
  /// What a result means for those who watch the source.
  package enum Change: Sendable, Hashable {
    case away(String)
    case back
  }

  private enum State: Sendable {
    case answering
    /// - Parameters:
    ///   - tries: how often it was tried since it went away.
    ///   - next: when it may be tried again.
    case away(reason: String, tries: Int, next: Int64, isTrying: Bool)
  }

  /// In nanoseconds.
  static let firstPause: Int64 = 250_000_000
  static let longestPause: Int64 = 8_000_000_000
  /// So many questions in a row without an answer in time mean that it is away. A single one may be a slow row.
  static let maxTimeouts = 3

  private var state = State.answering
  private var timeouts = 0

  package init() {}

  /// Half a sentence: why it is away; nil if it answers.
  package var trouble: String? {
    if case .away(let reason, _, _, _) = state { reason } else { nil }
  }

  /// Whether a question may be asked now; if not, nobody waits.
  ///
  /// - Parameter now: a clock that nobody sets, in nanoseconds.
  package mutating func admits(at now: Int64) -> Bool {
    guard case .away(let reason, let tries, let next, let isTrying) = state else { return true }
    guard !isTrying, now >= next else { return false }
    state = .away(reason: reason, tries: tries, next: next, isTrying: true)
    return true
  }

  package mutating func succeeded() -> Change? {
    timeouts = 0
    guard case .away = state else { return nil }
    state = .answering
    return .back
  }

  /// - Parameter jitter: from 0 to 1: servers that lost the source together do not come back together.
  package mutating func failed(_ error: BackendError, at now: Int64, jitter: Double) -> Change? {
    guard error.isAbsence else { return succeeded() }
    if error == .timedOut {
      timeouts += 1
      if case .answering = state, timeouts < Self.maxTimeouts { return nil }
    }
    guard case .away(_, let tries, _, let isTrying) = state else {
      state = .away(reason: error.reason, tries: 0, next: now + Self.pause(0, jitter), isTrying: false)
      return .away(error.reason)
    }
    // Questions that were under way when it went away are not tries.
    guard isTrying else { return nil }
    let next = now + Self.pause(tries + 1, jitter)
    state = .away(reason: error.reason, tries: tries + 1, next: next, isTrying: false)
    return nil
  }

  /// A question that was admitted was never asked.
  package mutating func abandoned() {
    guard case .away(let reason, let tries, let next, true) = state else { return }
    state = .away(reason: reason, tries: tries, next: next, isTrying: false)
  }

  /// Half of the pause is sure, the other half by chance.
  private static func pause(_ tries: Int, _ jitter: Double) -> Int64 {
    let whole = min(firstPause << Int64(min(tries, 8)), longestPause)
    return whole / 2 + Int64(Double(whole / 2) * min(max(jitter, 0), 1))
  }
}
