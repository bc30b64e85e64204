import ArgumentParser
import OceanAccess
import OceanBase
import OceanReport
import OceanSyntax

struct Passwd: ParsableCommand {
  static let configuration = CommandConfiguration(
    "passwd", "Make a line for a passwd-file, with the password hashed.",
    discussion: """
      Asks for the password twice, or reads it from standard input if that is not a terminal. Writes no file. \
      With --app the line is a further password of an account, for one device; an empty password stands for a random \
      one, which is shown once, on standard error.
      """,
    exits: [0: "the line is printed", 1: "it failed", 2: "wrong usage"],
    example: "ocean passwd anna@example.org >> users.passwd")

  @Argument(help: "The account's name; without it only the hash is printed.")
  var user: String?

  @Option(
    help: """
      How to hash: \(NewPasswordScheme.allCases.map(\.rawValue).joined(separator: ", ")) (default: yescrypt; ssha512 \
      for a random password).
      """)
  var scheme: NewPasswordScheme?

  @Option(help: ArgumentHelp("Make an app password with this label.", valueName: "label"))
  var app: String?

  @Option(
    help: ArgumentHelp("The services at which it may be used, such as pop3,internal.", valueName: "names"))
  var services: String?

  @Option(
    help: ArgumentHelp("The networks from which it may be used, such as 192.0.2.0/24.", valueName: "networks")
  )
  var from: String?

  @Option(
    help: ArgumentHelp(
      "When it ends: a date, 2027-01-31, or a time, 2027-01-31T18:00:00+01:00.", valueName: "time"))
  var expires: String?

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
    if let app, !AppPassword.isLabel(app) {
      throw ValidationError(
        "'\(app.escapedForDisplay)' is not a label: write 1 to \(AppPassword.maxLabelLength) letters, digits and .-_+"
      )
    }
    if user == nil, app != nil || services != nil || from != nil || expires != nil {
      throw ValidationError(
        "--app, --services, --from and --expires are for the line of an account: name it.")
    }
    _ = try fields()
  }

  private func fields() throws -> NewFields {
    do {
      return try NewFields(services: services, networks: from, end: expires)
    } catch {
      throw ValidationError("\(error.message.escapedForDisplay).")
    }
  }

  func run() throws {
    let prompt = app.map { "Password of \($0) (empty: a random one): " } ?? "Password: "
    guard let given = Input.newPassword(prompt, mayBeEmpty: app != nil) else {
      throw fail("the passwords differ")
    }
    let fields = try fields()
    let made: HashedPassword
    do {
      made = try HashedPassword(given, scheme, for: user, app: app, fields)
    } catch {
      throw fail(error.message)
    }
    print(made.line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    guard let random = made.random, let app else { return }
    let text = random.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    printError("the password of \(app), which is not shown again: \(text)")
  }

  private func fail(_ message: String) -> ExitCode {
    printSentence(message)
    return ExitCode(1)
  }
}

extension NewPasswordScheme: ExpressibleByArgument {}
