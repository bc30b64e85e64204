@preconcurrency import Glibc
import OceanBase
import OceanHost
import Synchronization

/// Where output goes, and whether it may be coloured.
package enum Terminal {
  /// Whether output is coloured. Colour is for people: on a terminal, unless NO_COLOR is set
  /// (https://no-color.org).
  package static func hasColor(_ descriptor: Int32) -> Bool {
    guard isatty(descriptor) == 1 else { return false }
    if let value = getenv("NO_COLOR"), value[0] != 0 { return false }
    if let term = getenv("TERM"), String(cString: term) == "dumb" { return false }
    return true
  }

  /// The first error of writing to standard output. A reader that has gone away had enough, and is not an
  /// error.
  private static let failure = Atomic<Int32>(0)

  fileprivate static func fail(_ code: Int32) {
    if code != EPIPE { _ = failure.compareExchange(expected: 0, desired: code, ordering: .relaxed) }
  }

  private static var hasLostReader: Bool {
    var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
    return poll(&output, 1, 0) == 1 && output.revents & Int16(POLLERR) != 0
  }

  /// Ends the process. Output that could not be written is a failure, whatever the command has found.
  package static func exit(_ code: Int32) -> Never {
    // About what `print` wrote earlier, the stream only tells that it failed.
    let hadFailed = ferror(stdout) != 0 && !hasLostReader
    if fflush(stdout) != 0 { fail(errno) }
    let failure = failure.load(ordering: .relaxed)
    guard hadFailed || failure != 0 else { Glibc.exit(code) }
    let reason = failure == 0 ? "" : ": \(errorText(failure))"
    printError("ocean: cannot write all of the output\(reason)")
    Glibc.exit(1)
  }
}

/// Prints to standard error.
///
/// - Parameter terminator: what follows a text that does not end with it already.
package func printError(_ text: String, terminator: String = "\n") {
  // If that fails nobody can be told.
  try? writeAll((text.hasSuffix(terminator) ? text : text + terminator).utf8, to: STDERR_FILENO)
}

/// Prints bytes to standard output as they are.
package func printBytes(_ bytes: [UInt8]) {
  if fflush(stdout) != 0 { Terminal.fail(errno) }
  do throws(WriteError) { try writeAll(bytes, to: STDOUT_FILENO) } catch { Terminal.fail(error.code) }
}

/// Words as a list after `start`, in lines of 78 columns.
///
/// - Parameters:
///   - separator: with the space after it.
///   - indent: how far lines after the first are indented.
package func wrapped(_ words: [String], after start: String, separator: String = ", ", indent: Int)
  -> [String]
{
  var lines = [start]
  for (index, word) in words.enumerated() {
    let end = index + 1 < words.count ? separator.dropLast() : ""
    let line = lines[lines.count - 1]
    if index > 0, line.unicodeScalars.count + word.unicodeScalars.count + 2 > 78 {
      lines.append(String(repeating: " ", count: indent) + word + end)
    } else {
      lines[lines.count - 1] = line + (index > 0 ? " " : "") + word + end
    }
  }
  return lines
}

extension String {
  package func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - unicodeScalars.count))
  }
}
