import Dispatch
import Glibc
import NIOPosix
import Synchronization

/// Writes lines to a descriptor on a thread of its own, so that the code that logs never waits for a reader.
///
/// Order is kept. Lines that are not read, or cannot be written, are kept up to `capacity`. Beyond that,
/// lines are dropped, and their number is written where they are missing.
package final class LineWriter: Sendable {
  private struct Pending {
    var bytes: [UInt8] = []
    var dropped = 0
    var isWriting = false
  }

  private struct Output {
    /// Lines that are missing and have not been reported yet.
    var lost = 0
    /// Whether the last line lacks its end.
    var isTorn = false
  }

  private let descriptor: Int32
  private let capacity: Int
  private let lossNotice: @Sendable (Int) -> String
  private let pending = Mutex(Pending())
  /// Used only on the thread.
  private let output = Mutex(Output())
  /// A pool of one thread.
  private let thread = NIOThreadPool(numberOfThreads: 1)

  /// - Parameters:
  ///   - descriptor: where to write; it stays the caller's.
  ///   - capacity: the octets that may wait.
  ///   - lossNotice: makes the line that says how many are missing.
  package init(
    to descriptor: Int32, capacity: Int = 1 << 20, lossNotice: @escaping @Sendable (Int) -> String
  ) {
    self.descriptor = descriptor
    self.capacity = capacity
    self.lossNotice = lossNotice
    thread.start()
  }

  deinit {
    // The pool's thread would keep it alive.
    thread.shutdownGracefully { _ in }
  }

  /// Adds text to be written; never waits for the descriptor.
  ///
  /// - Parameter text: one or more lines; the end of the last one may be left out.
  package func write(_ text: String) {
    let bytes = Array((text.hasSuffix("\n") ? text : text + "\n").utf8)
    let mustStart = pending.withLock { pending in
      // Once a line was dropped, a shorter one must not slip in behind it.
      if pending.dropped == 0, bytes.count <= capacity - pending.bytes.count {
        pending.bytes += bytes
      } else {
        pending.dropped += Self.lines(in: bytes[...])
      }
      defer { pending.isWriting = true }
      return !pending.isWriting
    }
    if mustStart { thread.submit { [self] _ in writePending() } }
  }

  /// Waits until everything is written, but not for ever: nobody may be reading.
  ///
  /// - Returns: whether everything has been written.
  @discardableResult
  package func flush(within milliseconds: Int) -> Bool {
    let isDone = DispatchSemaphore(value: 0)
    thread.submit { _ in isDone.signal() }
    return isDone.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
  }

  // MARK: - On its thread

  private func writePending() {
    while let (bytes, dropped) = takePending() {
      output.withLock { output in
        tellOfLoss(&output)
        output.lost += write(bytes, &output)
        output.lost += dropped
        tellOfLoss(&output)
      }
    }
  }

  private func takePending() -> (bytes: [UInt8], dropped: Int)? {
    pending.withLock { pending in
      let (bytes, dropped) = (pending.bytes, pending.dropped)
      pending = Pending()
      guard !bytes.isEmpty || dropped > 0 else { return nil }
      pending.isWriting = true
      return (bytes, dropped)
    }
  }

  private func tellOfLoss(_ output: inout Output) {
    guard output.lost > 0, write(Array((lossNotice(output.lost) + "\n").utf8), &output) == 0 else { return }
    output.lost = 0
  }

  /// - Returns: how many lines could not be written, or not to their end.
  private func write(_ bytes: [UInt8], _ output: inout Output) -> Int {
    // A full disk may have taken half a line: the next line must not be glued to it.
    var rest = (output.isTorn ? [UInt8(ascii: "\n")] + bytes : bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0 else {
        switch errno {
        case EINTR: continue
        case EAGAIN:
          // Another process that shares the descriptor made it non-blocking.
          var readiness = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&readiness, 1, -1)
          continue
        default: return Self.lines(in: rest)
        }
      }
      if let last = rest.prefix(count).last { output.isTorn = last != UInt8(ascii: "\n") }
      rest = rest.dropFirst(count)
    }
    return 0
  }

  private static func lines(in bytes: ArraySlice<UInt8>) -> Int { bytes.count { $0 == UInt8(ascii: "\n") } }
}
