import Synchronization

/// Tells a call that takes long that nobody waits for its result any more. What is called looks at it every few
/// milliseconds at most, unless the disk itself takes longer.
package final class Cancellation: Sendable {
  private let flag = Atomic(false)

  package init() {}

  /// May come from any thread, at any time, and more than once; for ever.
  package func cancel() { flag.store(true, ordering: .relaxed) }

  package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
