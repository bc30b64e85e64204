import CLinux
@preconcurrency import Glibc
package import OceanBase

/// What a person types, or what standard input has in its place.
package enum Input {
  /// Asks, and reads a line; nil at the end of the input.
  package static func line(_ prompt: String) -> String? {
    printError(prompt, terminator: "")
    let (line, isWhole) = readLine()
    guard isWhole || !line.isEmpty else {
      printError("")
      return nil
    }
    return line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Reads a line without its end, at most 4 KiB of it. A terminal is asked, and does not show what is typed; it
  /// is as before when this returns, and when a signal ends the process meanwhile.
  package static func secret(_ prompt: String) -> SecretBytes {
    var old = termios()
    guard tcgetattr(STDIN_FILENO, &old) == 0 else { return readLine().line }
    var silent = old
    silent.c_lflag &= ~tcflag_t(ECHO)
    // Nothing comes between looking for a signal and waiting for input: they are let through only there.
    var blocked = sigset_t()
    var mask = sigset_t()
    sigemptyset(&blocked)
    for number in endings { sigaddset(&blocked, number) }
    pthread_sigmask(SIG_BLOCK, &blocked, &mask)
    let previous = endings.map { number in
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { Input.ended = $0 }
      var previous = sigaction()
      sigaction(number, &action, &previous)
      return (number, previous)
    }
    ended = 0
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    printError(prompt, terminator: "")
    let (line, isWhole) = readLine { ended == 0 && linux_await_input(STDIN_FILENO, &mask) == 1 }
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
    printError("")
    for (number, previous) in previous {
      var action = previous
      sigaction(number, &action, nil)
    }
    pthread_sigmask(SIG_SETMASK, &mask, nil)
    if !isWhole, ended != 0 { raise(ended) }
    return line
  }

  /// Asks a terminal for a new password twice, or reads it once from anything else; nil if the two differ.
  ///
  /// - Parameter mayBeEmpty: whether an empty password has a meaning, and is not asked for again.
  package static func newPassword(_ prompt: String = "Password: ", mayBeEmpty: Bool = false) -> SecretBytes? {
    let first = secret(prompt)
    guard isatty(STDIN_FILENO) == 1, !mayBeEmpty || !first.isEmpty else { return first }
    return secret("Again: ") == first ? first : nil
  }

  private static let endings = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  /// The signal that came. Handlers may only write to such a variable (POSIX, `sig_atomic_t`).
  nonisolated(unsafe) private static var ended: Int32 = 0

  /// Reads a line, and tells whether its end came.
  ///
  /// - Parameter hasMore: whether there is more to read; may wait for it.
  private static func readLine(while hasMore: () -> Bool = { true }) -> (line: SecretBytes, isWhole: Bool) {
    var isWhole = false
    let line = SecretBytes(capacity: 4096) { buffer in
      var count = 0
      while count < buffer.count, hasMore(),
        Glibc.read(STDIN_FILENO, buffer.baseAddress.map { $0 + count }, 1) == 1
      {
        if buffer[count] == UInt8(ascii: "\n") {
          isWhole = true
          break
        }
        count += 1
      }
      if count > 0, buffer[count - 1] == UInt8(ascii: "\r") { count -= 1 }
      return count
    }
    return (line, isWhole)
  }
}
