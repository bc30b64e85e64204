import ArgumentParser
import Glibc
import OceanHost
import OceanInit
import OceanReport
import OceanSyntax

struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    "init", "Write a first config for this host.",
    discussion: """
      Asks on a terminal, and proposes what the host has: certificates, Maildirs, accounts. Without a terminal, or with \
      --yes, options and proposals decide. Replaces no file.
      """,
    exits: [
      0: "the config is written and valid", 1: "it failed, or was stopped",
      2: "something must be decided by an option, or wrong usage",
      3: "it is written, and the commands that it prints are left to run",
    ], example: "ocean init --out ocean.yaml")

  @Option(help: ArgumentHelp("The config to write.", valueName: "file"), completion: .file())
  var out = Files.standardConfig

  @Flag(help: "Ask nothing: take the proposals.")
  var yes = false

  @Option(help: ArgumentHelp("The name of this host for clients.", valueName: "name"))
  var hostname: String?

  @Option(help: "The mail's domains, with commas between them; the first is that of a login without one.")
  var domains: String?

  @Option(
    help: ArgumentHelp("Where Maildirs are, with {domain} and {user}.", valueName: "path"),
    completion: .directory)
  var maildir: String?

  @Option(help: "The user that owns the mail, and that the server becomes.")
  var user: String?

  @Option(
    help: ArgumentHelp("The passwd-file; made if it is missing.", valueName: "file"), completion: .file())
  var passwdFile: String?

  @Option(
    help: ArgumentHelp(
      "The first account of a new passwd-file; without a terminal its password is read from standard input.",
      valueName: "name"))
  var account: String?

  @Option(
    help: ArgumentHelp(
      "self-signed, none, a chain, or a directory with fullchain.pem and privkey.pem.",
      valueName: "certificate"), completion: .file())
  var certificate: String?

  @Option(
    help: ArgumentHelp("The key of the chain in --certificate.", valueName: "file"), completion: .file())
  var key: String?

  @Option(help: "The addresses to listen on: all, loopback, or a list with commas.")
  var bind: String?

  @Flag(
    help: "Make a config although this host has a Dovecot, whose settings 'ocean import dovecot' takes over.")
  var besideDovecot = false

  @OptionGroup var screen: ScreenOptions

  func run() throws {
    try reporting {
      let files = try FirstFiles(out)
      let host = InitHost.this(for: files.path)
      let isAsking = !yes && isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
      let conversation = Conversation(on: screen.errors, say: { printError($0) }, ask: Input.line)
      let choices: Choices
      do throws(Refusal) {
        choices = try Interview.choices(
          for: files.path, host, given, isAsking ? conversation : nil, newPassword: { Input.newPassword() })
      } catch {
        printSentence(error.sentence)
        if case .usage = error { throw ExitCode(2) }
        throw ExitCode(1)
      }
      let argument = files.path == Files.standardConfig ? "" : files.path.shellQuoted
      let config = FirstConfig(
        choices, in: Files.directory(of: files.path), argument: argument, hasIPv6: host.hasIPv6)
      let written = try files.write(choices, config)
      let check = try FirstCheck(
        choices, at: files.path, written: written, program: Process.path, host: host)
      print(
        check.text(
          written: written, start: ServerStart.commands(choices, path: files.path), on: screen.output),
        terminator: "")
      if !check.isFinished { throw ExitCode(3) }
    }
  }

  private var given: GivenAnswers {
    var given = GivenAnswers()
    (given.hostname, given.domains, given.maildir, given.user) = (hostname, domains, maildir, user)
    (given.passwdFile, given.account) = (passwdFile, account)
    (given.certificate, given.key, given.addresses) = (certificate, key, bind)
    given.isBesideDovecot = besideDovecot
    return given
  }
}
