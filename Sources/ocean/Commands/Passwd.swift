import ArgumentParser
import OceanAccess
import OceanBase
import OceanReport
import OceanSyntax

struct Passwd: ParsableCommand {
  static let configuration = CommandConfiguration(
    "passwd", "Make a line for a passwd-file, with the password hashed.",
    discussion: """
      Asks for the password twice, or reads it from standard input if that is not a terminal. Writes no file.
      """,
    exits: [0: "the line is printed", 1: "it failed", 2: "wrong usage"],
    example: "ocean passwd anna@example.org >> users.passwd")

  @Argument(help: "The account's name; without it only the hash is printed.")
  var user: String?

  @Option(help: "How to hash: \(NewPasswordScheme.allCases.map(\.rawValue).joined(separator: ", ")).")
  var scheme = NewPasswordScheme.yescrypt

  @OptionGroup var screen: ScreenOptions

  func validate() throws {
    if let user, user.isConfigName || user.hasSuffix(".passwd") {
      throw ValidationError(
        "'\(user.escapedForDisplay)' is a file, and this makes a line for an account: ocean passwd USER >> users.passwd"
      )
    }
    if let user, let flaw = NewAccount.flaw(of: user) {
      throw ValidationError("'\(user.escapedForDisplay)': \(flaw).")
    }
  }

  func run() throws {
    guard let password = Input.newPassword() else { throw fail("the passwords differ") }
    let hash: SecretBytes
    do {
      hash = try scheme.hash(password)
    } catch {
      throw fail(error.reason(scheme))
    }
    let line = user.map { NewAccount.line($0, hash) } ?? hash
    print(line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
  }

  private func fail(_ message: String) -> ExitCode {
    printSentence(message)
    return ExitCode(1)
  }
}

extension NewPasswordScheme: ExpressibleByArgument {}
