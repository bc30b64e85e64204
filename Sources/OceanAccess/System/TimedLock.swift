internal import Glibc

/// A lock in which a thread can wait until another thread wakes it, or for some time.
final class TimedLock: @unchecked Sendable {
  // A condition variable must not move, hence the pointers.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(changed, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  func with<Value>(_ body: () -> Value) -> Value {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Waits, without the lock meanwhile; to be called with it. May return early.
  func wait() { pthread_cond_wait(changed, mutex) }

  /// Waits for some time at most, without the lock meanwhile; to be called with it. May return early.
  func wait(nanoseconds: Int64) {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let end = Int64(time.tv_nsec) + min(max(nanoseconds, 0), 3_600_000_000_000)
    time.tv_sec += Int(end / 1_000_000_000)
    time.tv_nsec = Int(end % 1_000_000_000)
    pthread_cond_timedwait(changed, mutex, &time)
  }

  /// Wakes one thread that waits.
  func wakeOne() { pthread_cond_signal(changed) }

  /// Wakes all that wait.
  func wakeAll() { pthread_cond_broadcast(changed) }
}
