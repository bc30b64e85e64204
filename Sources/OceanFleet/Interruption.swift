import Glibc
import Synchronization

/// Ctrl-C, and what else asks this process to end: it comes to a good end instead. A second one ends it at once.
package enum Interruption {
  private static let flag = Atomic<Bool>(false)

  package static var hasCome: Bool { flag.load(ordering: .relaxed) }

  /// From now on an interruption is only noted.
  package static func expect() {
    for number in [SIGINT, SIGTERM] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in Interruption.flag.store(true, ordering: .relaxed) }
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
      sigaction(number, &action, nil)
    }
  }

  /// Waits for seconds, or until an interruption comes.
  ///
  /// - Parameter report: is told how many seconds have passed, several times in each.
  package static func wait(_ seconds: Int, _ report: (Int) -> Void = { _ in }) {
    let start = ContinuousClock.now
    while !hasCome {
      let passed = Int((ContinuousClock.now - start).components.seconds)
      guard passed < seconds else { return }
      report(passed)
      usleep(50_000)
    }
  }
}
