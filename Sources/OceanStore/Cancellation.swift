import Synchronization

/// Tells a long call that nobody waits for its result any more, and lets others have their turn meanwhile.
/// The call looks at it at least every few milliseconds, unless the disk itself takes longer.
package final class Cancellation: Sendable {
  private let flag = Atomic(false)
  private let giveWay: @Sendable () -> Void

  /// - Parameter givingWay: lets others have their turn, if they wait for one; called by long work.
  package init(givingWay: @escaping @Sendable () -> Void = {}) { giveWay = givingWay }

  /// Cancels the call for ever. May be called on any thread, at any time, and more than once.
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
