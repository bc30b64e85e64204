import Glibc
import OceanHost
import OceanReport

/// The question before something is applied.
enum Question {
  /// Whether a person at a terminal can see it and answer.
  static var isPossible: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

  /// - Throws: if the answer is not yes.
  static func ask() throws(Failure) {
    printBytes(Array("Apply? [y/N] ".utf8))
    guard ["y", "yes"].contains(readLine()?.lowercased()) else { throw Failure("nothing was applied") }
  }
}
