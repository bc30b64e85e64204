import NIOCore
import Synchronization

/// Lets so many events pass in a second, and counts the others.
final class LogRate: Sendable {
  enum Verdict {
    case log
    /// Counted.
    case leaveOut
    /// Counted, as the first since `takeLeftOut` was called: it must be called in a second.
    case leaveOutFirst
  }

  private struct State {
    /// When the second of the count began.
    var start: NIODeadline?
    var count = 0
    var leftOut = 0
  }

  private let perSecond: Int
  private let state = Mutex(State())

  init(perSecond: Int) { self.perSecond = perSecond }

  func verdict(at now: NIODeadline) -> Verdict {
    state.withLock { state in
      if state.start.map({ now - $0 >= .seconds(1) }) ?? true { (state.start, state.count) = (now, 0) }
      guard state.count >= perSecond else {
        state.count += 1
        return .log
      }
      state.leftOut += 1
      return state.leftOut == 1 ? .leaveOutFirst : .leaveOut
    }
  }

  /// The number of events that were left out since the last call.
  func takeLeftOut() -> Int {
    state.withLock { state in
      defer { state.leftOut = 0 }
      return state.leftOut
    }
  }
}
