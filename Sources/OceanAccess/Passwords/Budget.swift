internal import Glibc

/// An amount that threads take parts of and give back. A thread waits until its part is there; the one that
/// has waited longest is next, so that a large part is not passed over for ever.
final class Budget: @unchecked Sendable {
  private let total: Int
  // Guarded by `mutex`. A condition variable must not move, hence the pointers.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var left: Int
  private var arrivals: UInt64 = 0
  private var served: UInt64 = 0

  init(_ total: Int) {
    self.total = total
    left = total
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Calls `body` once `amount`, at most all there is, can be taken.
  func with<Result>(_ amount: Int, _ body: () -> Result) -> Result {
    let amount = min(max(amount, 0), total)
    pthread_mutex_lock(mutex)
    let turn = arrivals
    arrivals += 1
    while served != turn || left < amount { pthread_cond_wait(changed, mutex) }
    served += 1
    left -= amount
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
    defer {
      pthread_mutex_lock(mutex)
      left += amount
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }
    return body()
  }
}
