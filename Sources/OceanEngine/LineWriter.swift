import Dispatch
import Glibc
import NIOPosix
import OceanBase
import Synchronization

/// The place where a `LineWriter` writes. Only the thread of the writer calls it.
package protocol LineOutput: Sendable {
  /// Returns the descriptor for the next lines.
  ///
  /// - Parameter isTorn: whether the last line lacks its end; must be reset if the next lines go to another
  ///   file.
  mutating func descriptor(_ isTorn: inout Bool) -> Int32

  /// Reports that lines are missing.
  ///
  /// - Parameter count: how many there are since it was last reported.
  mutating func notice(of count: Int, _ loss: LineLoss) -> LineNotice

  /// Called when nothing will be written any more.
  mutating func close()
}

/// What has become of a report that lines are missing.
package enum LineNotice: Sendable {
  /// It is this line, to be written where they are missing.
  case line(String)
  /// It was given elsewhere.
  case given
  /// It is to be given when lines are written again.
  case later
}

/// The reason why lines are missing.
package enum LineLoss: Sendable {
  /// They were lost before, which was not reported; from now on lines are written again, or that is tried.
  case earlier
  /// More lines waited than the capacity allows.
  case fellBehind
  /// Writing failed with this `errno`.
  case error(Int32)
}

/// Writes lines on a thread of its own, so that the code that logs never waits for a disk or a reader.
///
/// Order is kept. Lines wait up to `capacity`. Beyond that, lines are dropped and counted, and so are lines
/// that cannot be written.
package final class LineWriter<Output: LineOutput>: Sendable {
  private struct Pending {
    var bytes: [UInt8] = []
    var dropped = 0
    /// Whether a write of these lines is on its way.
    var isStarted = false
  }

  private struct Writing {
    var output: Output
    /// Lines that are missing and have not been reported yet.
    var missing = 0
    /// Whether the last line lacks its end.
    var isTorn = false
  }

  private let capacity: Int
  private let lost = Atomic(0)
  private let pending = Mutex(Pending())
  /// Used only on the thread.
  private let writing: Mutex<Writing>
  /// A pool of one thread: writes stay in order, and nothing else waits behind them.
  private let thread = NIOThreadPool(numberOfThreads: 1)

  /// - Parameter capacity: the octets that may wait.
  package init(to output: Output, capacity: Int) {
    self.capacity = capacity
    writing = Mutex(Writing(output: output))
    thread.start()
  }

  deinit {
    // The pool's thread would keep it alive.
    thread.shutdownGracefully { _ in }
    writing.withLock { $0.output.close() }
  }

  /// The number of lines that were not written so far.
  package var lostLines: Int { lost.load(ordering: .relaxed) }

  /// Adds text to be written; never waits for the output.
  ///
  /// - Parameter text: one or more lines; the end of the last one may be left out.
  package func write(_ text: String) {
    if append(Array((text.hasSuffix("\n") ? text : text + "\n").utf8)) { start() }
  }

  /// Adds whole lines to those that wait.
  ///
  /// - Returns: whether `start` must be called, at once or later, so that they are written.
  func append(_ bytes: [UInt8]) -> Bool {
    pending.withLock { pending in
      // Once a line was dropped, a shorter one must not slip in behind it.
      if pending.dropped == 0, bytes.count <= capacity - pending.bytes.count {
        pending.bytes += bytes
      } else {
        let count = Self.lines(in: bytes)
        pending.dropped += count
        lost.wrappingAdd(count, ordering: .relaxed)
      }
      defer { pending.isStarted = true }
      return !pending.isStarted
    }
  }

  /// Starts a write of the lines that wait.
  func start() { thread.submit { [self] _ in writePending() } }

  /// Waits until everything is written, but not for ever: nobody may be reading.
  ///
  /// - Returns: whether everything has been written.
  @discardableResult
  package func flush(within milliseconds: Int) -> Bool {
    let isDone = DispatchSemaphore(value: 0)
    thread.submit { _ in isDone.signal() }
    return isDone.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
  }

  /// Writes the lines that are left, and ends the thread.
  func close() async {
    start()
    try? await thread.shutdownGracefully()
  }

  // MARK: - On its thread

  private func writePending() {
    let (bytes, dropped) = pending.withLock { pending in
      defer { pending = Pending() }
      return (pending.bytes, pending.dropped)
    }
    guard !bytes.isEmpty || dropped > 0 else { return }
    writing.withLock { writing in
      let descriptor = writing.output.descriptor(&writing.isTorn)
      tell(of: 0, .earlier, descriptor, &writing)
      if let (count, code) = write(bytes, to: descriptor, &writing) {
        lost.wrappingAdd(count, ordering: .relaxed)
        tell(of: count, .error(code), descriptor, &writing)
      }
      if dropped > 0 { tell(of: dropped, .fellBehind, descriptor, &writing) }
    }
  }

  /// Reports that so many lines are missing, together with those that could not be reported before.
  private func tell(of count: Int, _ loss: LineLoss, _ descriptor: Int32, _ writing: inout Writing) {
    writing.missing += count
    guard writing.missing > 0 else { return }
    switch writing.output.notice(of: writing.missing, loss) {
    case .line(let line):
      if write(Array((line + "\n").utf8), to: descriptor, &writing) != nil { return }
    case .given: break
    case .later: return
    }
    writing.missing = 0
  }

  /// - Returns: how many lines could not be written, or not to their end, and why.
  private func write(
    _ bytes: [UInt8], to descriptor: Int32, _ writing: inout Writing
  ) -> (lines: Int, code: Int32)? {
    // A full disk may have taken half a line: the next line must not be glued to it.
    var rest = (writing.isTorn ? [UInt8(ascii: "\n")] + bytes : bytes)[...]
    while true {
      do throws(WriteError) {
        try rest.withUnsafeBufferPointer { (bytes) throws(WriteError) in
          try writeAll(UnsafeRawBufferPointer(bytes), to: descriptor)
        }
        if !rest.isEmpty { writing.isTorn = false }
        return nil
      } catch {
        if let last = rest.prefix(error.written).last { writing.isTorn = last != UInt8(ascii: "\n") }
        rest = rest.dropFirst(error.written)
        guard error.code == EAGAIN else { return (Self.lines(in: rest), error.code) }
        // Another process that shares the descriptor made it non-blocking.
        var readiness = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&readiness, 1, -1)
      }
    }
  }

  private static func lines(in bytes: some Sequence<UInt8>) -> Int {
    bytes.count { $0 == UInt8(ascii: "\n") }
  }
}

/// A descriptor that stays the caller's. A line in it stands for the lines that are missing.
package struct LineDescriptor: LineOutput {
  private let number: Int32
  private let notice: @Sendable (Int) -> String

  package func descriptor(_ isTorn: inout Bool) -> Int32 { number }
  package func notice(of count: Int, _ loss: LineLoss) -> LineNotice { .line(notice(count)) }
  package func close() {}

  fileprivate init(_ number: Int32, _ notice: @escaping @Sendable (Int) -> String) {
    (self.number, self.notice) = (number, notice)
  }
}

extension LineWriter<LineDescriptor> {
  /// - Parameters:
  ///   - descriptor: where to write; it stays the caller's.
  ///   - capacity: the octets that may wait.
  ///   - lossNotice: makes the line that says how many are missing.
  package convenience init(
    to descriptor: Int32, capacity: Int = 1 << 20, lossNotice: @escaping @Sendable (Int) -> String
  ) {
    self.init(to: LineDescriptor(descriptor, lossNotice), capacity: capacity)
  }
}
