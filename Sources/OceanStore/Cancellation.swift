import Synchronization

/// Tells a call that takes long that nobody waits for its result any more, and lets others have their turn meanwhile. What is
/// called looks at it every few milliseconds at most, unless the disk itself takes longer.
package final class Cancellation: Sendable {
  private let flag = Atomic(false)
  private let giveWay: @Sendable () -> Void

  /// - Parameter givingWay: lets others have their turn, if they wait for one; called by what takes long.
  package init(givingWay: @escaping @Sendable () -> Void = {}) { giveWay = givingWay }

  /// May come from any thread, at any time, and more than once; for ever.
  package func cancel() { flag.store(true, ordering: .relaxed) }

  package var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// Lets others have their turn.
  ///
  /// - Returns: whether nobody waits for the result any more.
  func pause() -> Bool {
    giveWay()
    return isCancelled
  }
}
