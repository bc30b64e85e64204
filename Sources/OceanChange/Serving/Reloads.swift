import Dispatch
import Synchronization

/// Runs reloads. However often one is asked for, at most one is under way, and one more follows it: that one
/// sees everything written before it was asked for.
final class Reloads: Sendable {
  private struct State {
    var isUnderWay = false
    var isWanted = false
    var isEnded = false
  }

  private let state = Mutex(State())
  private let reload: @Sendable () async -> Void

  init(_ reload: @escaping @Sendable () async -> Void) { self.reload = reload }

  func request() {
    let mustStart = state.withLock { state in
      guard !state.isEnded else { return false }
      state.isWanted = state.isUnderWay
      defer { state.isUnderWay = true }
      return !state.isUnderWay
    }
    if mustStart { Task(priority: Server.priority) { await run() } }
  }

  /// Lets no other reload begin.
  func end() { state.withLock { $0.isEnded = true } }

  private func run() async {
    var goesOn = true
    while goesOn {
      await reload()
      goesOn = state.withLock { state in
        let goesOn = state.isWanted && !state.isEnded
        state = State(isUnderWay: goesOn, isWanted: false, isEnded: state.isEnded)
        return goesOn
      }
    }
  }
}
