import Glibc

/// Where output goes, and whether it may be coloured.
enum Terminal {
  /// Colour is for people: on a terminal, unless NO_COLOR is set (https://no-color.org).
  static func hasColor(_ descriptor: Int32) -> Bool {
    guard isatty(descriptor) == 1 else { return false }
    if let value = getenv("NO_COLOR"), value[0] != 0 { return false }
    if let term = getenv("TERM"), String(cString: term) == "dumb" { return false }
    return true
  }
}

/// Prints to standard error.
///
/// - Parameter terminator: what follows a text that does not end with it already.
func printError(_ text: String, terminator: String = "\n") {
  writeAll(Array((text.hasSuffix(terminator) ? text : text + terminator).utf8), STDERR_FILENO)
}

/// Prints bytes to standard output as they are.
func printBytes(_ bytes: [UInt8]) {
  fflush(nil)
  writeAll(bytes, STDOUT_FILENO)
}

/// Gives up silently: whoever reads may have gone away.
private func writeAll(_ bytes: [UInt8], _ descriptor: Int32) {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
  }
}

/// Words as a list behind `start`, in lines of 78 columns.
///
/// - Parameters:
///   - separator: with the space behind it.
///   - indent: how far lines behind the first are set in.
func wrapped(_ words: [String], after start: String, separator: String = ", ", indent: Int) -> [String] {
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
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - unicodeScalars.count))
  }
}
