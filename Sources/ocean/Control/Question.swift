import Glibc
import OceanHost
import OceanReport

/// The question before something is applied.
enum Question {
  /// Whether a person at a terminal can see it and answer.
  static var isPossible: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

  /// - Parameter refusal: what is said if the answer is not yes.
  /// - Throws: that.
  static func ask(
    _ question: String = "Apply?", otherwise refusal: String = "nothing was applied"
  ) throws(Failure) {
    printBytes(Array("\(question) [y/N] ".utf8))
    let line = readLine()
    // At the end of the input the cursor is still behind the question.
    if line == nil { print("") }
    let answer = line?.lowercased().filter { !$0.isWhitespace }
    guard ["y", "yes"].contains(answer) else { throw Failure(refusal) }
  }
}
