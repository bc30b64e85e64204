import Dispatch
import Glibc
import OceanBase
package import OceanSyntax
import Synchronization

/// Shows that long work goes on, and how far it has come: one line on a terminal, which is gone when the work
/// ends.
package final class Progress: Sendable {
  private struct State {
    var detail: String?
    var isShown = false
    var hasEnded = false
    var thread: pthread_t?
  }

  /// Work that ends sooner shows nothing.
  private static let delay = DispatchTimeInterval.milliseconds(150)
  /// At most ten times a second: a terminal may be far away.
  private static let interval = DispatchTimeInterval.milliseconds(100)
  /// The work that is shown now.
  private static let current = Mutex<Progress?>(nil)

  private let what: String
  private let width: @Sendable () -> Int
  private let now: @Sendable () -> ContinuousClock.Instant
  private let write: @Sendable (String) -> Void
  private let start: ContinuousClock.Instant
  private let state = Mutex(State())
  private let end = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - what: what is done, like `reading logs`.
  ///   - width: the columns that the terminal has now: a line that wraps could not be cleared.
  package init(
    _ what: String, width: @escaping @Sendable () -> Int,
    now: @escaping @Sendable () -> ContinuousClock.Instant,
    write: @escaping @Sendable (String) -> Void
  ) {
    self.what = what
    self.width = width
    self.now = now
    self.write = write
    start = now()
  }

  /// Does some work, and shows on standard error that it goes on, if that is a terminal. Everything of it has
  /// ended when this returns, its thread too.
  ///
  /// - Parameters:
  ///   - screen: standard error.
  ///   - body: is given nil where nothing is shown.
  package static func showing<Result, Failure: Error>(
    _ what: String, on screen: Screen, _ body: (Progress?) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard screen.isTerminal, getenv("TERM").map({ String(cString: $0) }) != "dumb" else {
      return try body(nil)
    }
    let progress = Progress(
      what.escapedForDisplay, width: { Screen(of: STDERR_FILENO, color: Terminal.color).width },
      now: { .now },
      write: { try? writeAll($0.utf8, to: STDERR_FILENO) })
    progress.run()
    defer { progress.finish() }
    return try body(progress)
  }

  /// Clears the line, because something else is printed. It comes again below that.
  static func clear() { current.withLock { $0 }?.clear() }

  /// Tells how many octets are done, and of how many if that is known.
  package func update(octets: UInt64, of total: UInt64?) {
    let done = Quantities.octets(octets)
    guard let total, total > 0 else { return update(done) }
    update("\(done) of \(Quantities.octets(total)), \(min(octets.multipliedByHundred / total, 100)) %")
  }

  /// Tells how far it has come. Without this the time is shown.
  package func update(_ detail: String) { state.withLock { $0.detail = detail } }

  /// Shows the present state.
  package func tick() {
    state.withLock { state in
      guard !state.hasEnded else { return }
      state.isShown = true
      let detail = state.detail ?? "\((now() - start).components.seconds) s"
      // To the start of the line, and clear what is behind (ECMA-48 §8.3.41).
      write("\r\("\(what): \(detail)".shortened(to: width() - 1))\u{1b}[K")
    }
  }

  package func finish() {
    let thread = state.withLock { state in
      state.hasEnded = true
      return state.thread
    }
    clear()
    guard let thread else { return }
    Self.current.withLock { $0 = nil }
    end.signal()
    pthread_join(thread, nil)
  }

  private func clear() {
    state.withLock { state in
      if state.isShown { write("\r\u{1b}[K") }
      state.isShown = false
    }
  }

  // MARK: - The thread

  private func run() {
    guard let id = SystemThread.start({ [self] in tickUntilEnd() }) else { return }
    state.withLock { $0.thread = id }
    Self.current.withLock { $0 = self }
  }

  private func tickUntilEnd() {
    var wait = Self.delay
    while end.wait(timeout: .now() + wait) == .timedOut {
      tick()
      wait = Self.interval
    }
  }
}

extension UInt64 {
  fileprivate var multipliedByHundred: UInt64 {
    let (product, overflow) = multipliedReportingOverflow(by: 100)
    return overflow ? .max : product
  }
}
