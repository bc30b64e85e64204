import ArgumentParser
import Glibc
import OceanAccess
import OceanBase
import OceanReport
import OceanSyntax

struct Passwd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "passwd", abstract: "Make a line for a passwd-file, with the password hashed.",
    discussion: """
      Asks for the password twice, or reads it from standard input if that is not a terminal. Writes no file:

        ocean passwd anna@example.org >> users.passwd
      """)

  @Argument(help: "The account's name; without it only the hash is printed.")
  var user: String?

  @Option(help: "How to hash: \(NewPasswordScheme.allCases.map(\.rawValue).joined(separator: ", ")).")
  var scheme = NewPasswordScheme.yescrypt

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    if let user,
      user.isEmpty || user.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: ":") || $0 == 0x7f })
    {
      throw ValidationError("An account's name has no colons, spaces or control characters.")
    }
    if let user, user.isConfigName || user.hasSuffix(".passwd") {
      throw ValidationError(
        "'\(user.escapedForDisplay)' is a file, and this makes a line for an account: ocean passwd USER >> users.passwd"
      )
    }
    if let user, user.utf8.count > AccountName.maxLength {
      throw ValidationError(
        "An account's name has \(AccountName.maxLength) octets at most: no client could send a longer one.")
    }
  }

  func run() throws {
    guard let password = try Self.readPassword() else { throw fail("the passwords differ") }
    let hash: SecretBytes
    do {
      hash = try scheme.hash(password)
    } catch {
      switch error {
      case .empty: throw fail("an empty password is not accepted")
      case .tooLong(let limit):
        throw fail("the password is too long: with \(scheme.rawValue) it may have \(limit) octets")
      case .containsNUL: throw fail("the password contains a NUL")
      case .hashingFailed: throw fail("the system's libcrypt cannot make a \(scheme.rawValue) hash")
      }
    }
    let line = hash.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    print(user.map { "\($0):\(line)::::::" } ?? line)
  }

  private func fail(_ message: String) -> ExitCode {
    printError("ocean: \(message)")
    return ExitCode(1)
  }

  /// Reads a password; nil if the two inputs differ.
  private static func readPassword() throws -> SecretBytes? {
    guard isatty(STDIN_FILENO) == 1 else { return readLine() }
    var old = termios()
    tcgetattr(STDIN_FILENO, &old)
    var silent = old
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &old) }
    func ask(_ prompt: String) -> SecretBytes {
      printError(prompt, terminator: "")
      defer { printError("") }
      return readLine()
    }
    let first = ask("Password: ")
    let second = ask("Again: ")
    let same = first.withUnsafeBytes { a in second.withUnsafeBytes { b in a.elementsEqual(b) } }
    return same ? first : nil
  }

  /// Reads a line of standard input without its end, at most 4 KiB of it.
  private static func readLine() -> SecretBytes {
    SecretBytes(capacity: 4096) { buffer in
      var count = 0
      while count < buffer.count, read(STDIN_FILENO, buffer.baseAddress.map { $0 + count }, 1) == 1 {
        if buffer[count] == UInt8(ascii: "\n") { break }
        count += 1
      }
      if count > 0, buffer[count - 1] == UInt8(ascii: "\r") { count -= 1 }
      return count
    }
  }
}

extension NewPasswordScheme: ExpressibleByArgument {}
