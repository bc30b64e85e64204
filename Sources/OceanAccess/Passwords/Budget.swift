/// An amount that threads take parts of and give back. A thread waits until its part is there; the one that
/// has waited longest is next, so that a large part is not passed over for ever.
final class Budget: @unchecked Sendable {
  private let total: Int
  // Guarded by `lock`.
  private let lock = TimedLock()
  private var left: Int
  private var arrivals: UInt64 = 0
  private var served: UInt64 = 0

  init(_ total: Int) {
    self.total = total
    left = total
  }

  /// Calls `body` once `amount`, at most all there is, can be taken.
  func with<Result>(_ amount: Int, _ body: () -> Result) -> Result {
    let amount = min(max(amount, 0), total)
    lock.with {
      let turn = arrivals
      arrivals += 1
      while served != turn || left < amount { lock.wait() }
      served += 1
      left -= amount
      lock.wakeAll()
    }
    defer {
      lock.with {
        left += amount
        lock.wakeAll()
      }
    }
    return body()
  }
}
