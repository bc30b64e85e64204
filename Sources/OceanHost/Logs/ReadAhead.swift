import Dispatch
import Glibc
import OceanBase
import OceanReplay
import Synchronization

/// Reads a log on a thread of its own, some blocks before they are wanted, and takes their lines apart as far as nobody
/// waits for them: so both threads have as much to do.
final class ReadAhead: Sendable {
  private struct State {
    var unused: [LogBlock]
    /// Nil is the end of the log.
    var read: [Result<LogBlock?, Failure>] = []
    var hasEnded = false
  }

  private static let blocks = 4

  private let input: LogInput
  private let scanner: LogScanner
  private let state: Mutex<State>
  /// Count the blocks that may be read into, and those that have been read.
  private let unused = DispatchSemaphore(value: 0)
  private let read = DispatchSemaphore(value: 0)
  private let thread = Mutex<pthread_t?>(nil)

  /// - Returns: nil if there cannot be another thread.
  init?(_ input: LogInput, _ scanner: LogScanner) {
    self.input = input
    self.scanner = scanner
    state = Mutex(State(unused: (0..<Self.blocks).map { _ in LogBlock() }))
    guard let id = SystemThread.start({ [self] in run() }) else { return nil }
    thread.withLock { $0 = id }
    for _ in 0..<Self.blocks { unused.signal() }
  }

  /// Waits for the next block.
  ///
  /// - Parameter used: a block that is not needed any more.
  /// - Returns: nil at the end; this may not be called again then, or after a failure.
  func next(_ used: LogBlock?) throws(Failure) -> LogBlock? {
    if let used {
      state.withLock { $0.unused.append(used) }
      unused.signal()
    }
    read.wait()
    return try state.withLock { $0.read.removeFirst() }.get()
  }

  /// Ends the thread. The log must be a file: a read of anything else could wait for long.
  func end() {
    state.withLock { $0.hasEnded = true }
    unused.signal()
    if let thread = thread.withLock({ $0.take() }) { pthread_join(thread, nil) }
  }

  private func run() {
    var scanner = scanner
    while true {
      unused.wait()
      guard let block = state.withLock({ $0.hasEnded ? nil : $0.unused.popLast() }) else { return }
      let result = Result { () throws(Failure) in try input.read(into: block) ? block : nil }
      if state.withLock({ !$0.read.isEmpty }) { block.takeApart(&scanner) }
      state.withLock { $0.read.append(result) }
      read.signal()
      guard case .success(.some) = result else { return }
    }
  }
}
