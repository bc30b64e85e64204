@preconcurrency import Glibc
import OceanBase
import OceanHost
package import OceanSyntax
import Synchronization

/// Where output goes.
package enum Terminal {
  /// When output is coloured.
  package enum Color: String, CaseIterable, Sendable {
    /// On a terminal, unless NO_COLOR is set (https://no-color.org) or the terminal is dumb.
    case auto
    case always
    case never
  }

  private static let wanted = Mutex(Color.auto)

  /// What was asked for on the command line.
  package static var color: Color {
    get { wanted.withLock { $0 } }
    set { wanted.withLock { $0 = newValue } }
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

  /// The name of the program, and what it says.
  package static func sentence(_ sentence: String, _ style: Style, on screen: Screen) -> String {
    var start = screen.paint("ocean:", style) + " "
    return sentence.escapedLines.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
      defer { start = "" }
      return screen.fitted(String(line), after: start, indent: 2)
    }.joined(separator: "\n")
  }

  /// Writes what `print` has kept so far.
  package static func flush() {
    if fflush(stdout) != 0 { fail(errno) }
  }

  /// Ends the process. Output that could not be written is a failure, whatever the command has found.
  package static func exit(_ code: Int32) -> Never {
    // About what `print` wrote earlier, the stream only tells that it failed.
    let hadFailed = ferror(stdout) != 0 && !hasLostReader
    flush()
    let failure = failure.load(ordering: .relaxed)
    // Without what libraries would do at the end: libcrypto frees all it has, which the kernel does at once.
    guard hadFailed || failure != 0 else { _exit(code) }
    let reason = failure == 0 ? "" : ": \(errorText(failure))"
    printSentence("cannot write all of the output\(reason)")
    _exit(1)
  }
}

extension Terminal.Color {
  /// What the words of a command line ask for. Mistakes in them are told in these colours, too, before anything has
  /// been parsed.
  package init(in words: [String]) {
    let words = words.prefix { $0 != "--" }
    let values = zip(words, words.dropFirst() + [""]).compactMap { word, next in
      word == "--color" ? next : word.hasPrefix("--color=") ? String(word.dropFirst("--color=".count)) : nil
    }
    self = values.last.flatMap(Self.init(rawValue:)) ?? .auto
  }
}

extension Screen {
  /// The screen behind a descriptor of this process.
  package init(of descriptor: Int32, color: Terminal.Color) {
    var size = winsize()
    let columns = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
    self.init(isTerminal: isatty(descriptor) == 1, columns: columns, color: color) { name in
      getenv(name).map { String(cString: $0) }
    }
  }

  /// - Parameters:
  ///   - columns: what the terminal says; nil if it does not know.
  ///   - environment: the value of a variable. COLUMNS is the width that somebody wants instead (POSIX, base
  ///     definitions §8.3).
  package init(
    isTerminal: Bool, columns: Int?, color: Terminal.Color, environment: (String) -> String?
  ) {
    let wanted = environment("COLUMNS").flatMap { Int($0) }.flatMap { (1...10_000).contains($0) ? $0 : nil }
    let isColorful = (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    self.init(
      width: isTerminal ? wanted ?? columns ?? 80 : 80, isTerminal: isTerminal,
      hasColor: color == .always || color == .auto && isTerminal && isColorful)
  }
}

/// Prints to standard error.
///
/// - Parameter terminator: what follows a text that does not end with it already.
package func printError(_ text: String, terminator: String = "\n") {
  Progress.clear()
  // What was printed before stands before it, also if both go to one file.
  Terminal.flush()
  // If that fails nobody can be told.
  try? writeAll((text.hasSuffix(terminator) ? text : text + terminator).utf8, to: STDERR_FILENO)
}

/// Prints a sentence of the program itself to standard error, behind its name.
///
/// - Parameter style: that of the name: an error, or a warning.
package func printSentence(_ sentence: String, style: Style = .error) {
  printError(Terminal.sentence(sentence, style, on: Screen(of: STDERR_FILENO, color: Terminal.color)))
}

/// Prints bytes to standard output as they are.
package func printBytes(_ bytes: [UInt8]) {
  Terminal.flush()
  do throws(WriteError) { try writeAll(bytes, to: STDOUT_FILENO) } catch { Terminal.fail(error.code) }
}

/// Prints a JSON text to standard output: names in it come from outside, and standard output may be a terminal.
package func printJSON(_ bytes: [UInt8]) { printBytes(bytes.jsonForTerminal) }
