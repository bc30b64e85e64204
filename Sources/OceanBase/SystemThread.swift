package import Glibc

/// A thread of the system, for work that blocks: those of Swift's own pool are few, and are not to wait.
package enum SystemThread {
  /// Starts a thread. The caller has to join it.
  ///
  /// - Returns: nil if the system had no thread to give.
  package static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    let context = Unmanaged.passRetained(Body(body))
    var id = pthread_t()
    let result = pthread_create(
      &id, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard result == 0 else {
      context.release()
      return nil
    }
    return id
  }

  /// Starts a thread that is not joined.
  ///
  /// - Returns: whether the system had a thread to give.
  package static func startDetached(_ body: @escaping @Sendable () -> Void) -> Bool {
    guard let id = start(body) else { return false }
    pthread_detach(id)
    return true
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
