import Glibc

/// How far long work has come: one line on a terminal, which is gone when the work ends.
package final class Progress {
  /// At most ten times a second: a terminal may be far away.
  private static let interval = Duration.milliseconds(100)

  private let what: String
  private let now: () -> ContinuousClock.Instant
  private let write: (String) -> Void
  private var last: ContinuousClock.Instant
  private var isShown = false

  /// Progress on standard error; nil if that is not a terminal, or one that knows no control characters.
  ///
  /// - Parameter what: what is done, like `reading logs`.
  package convenience init?(onTerminal what: String) {
    guard isatty(STDERR_FILENO) == 1, getenv("TERM").map({ String(cString: $0) }) != "dumb" else {
      return nil
    }
    self.init(what, now: { .now }, write: { printError($0, terminator: "") })
  }

  package init(
    _ what: String, now: @escaping () -> ContinuousClock.Instant, write: @escaping (String) -> Void
  ) {
    self.what = what
    self.now = now
    self.write = write
    last = now()
  }

  /// Shows how many octets are done, and of how many if that is known.
  package func update(octets: UInt64, of total: UInt64?) {
    let time = now()
    guard time - last >= Self.interval else { return }
    last = time
    isShown = true
    let done = Quantities.octets(octets)
    let text =
      if let total, total > 0 {
        "\(done) of \(Quantities.octets(total)), \(min(octets.multipliedByHundred / total, 100)) %"
      } else {
        done
      }
    // To the start of the line, and clear what is behind (ECMA-48 §8.3.41).
    write("\r\(what): \(text)\u{1b}[K")
  }

  /// Clears the line; to be called before anything else is printed.
  package func end() {
    guard isShown else { return }
    isShown = false
    write("\r\u{1b}[K")
  }
}

extension UInt64 {
  fileprivate var multipliedByHundred: UInt64 {
    let (product, overflow) = multipliedReportingOverflow(by: 100)
    return overflow ? .max : product
  }
}
