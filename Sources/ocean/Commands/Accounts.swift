import ArgumentParser
import OceanControlAPI
import OceanHost
import OceanPlan
import OceanReport
import OceanSyntax

struct Accounts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accounts",
    abstract: "Try a login without a server, show an account, forget logins, or list weak passwords.",
    discussion: """
      All but 'flush' read the account sources of a config as the server does, and change nothing.
      """,
    subcommands: [Test.self, Show.self, Flush.self, Rehash.self])

  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      "test", "Try a login as the server would, and show each step and its time.",
      discussion: """
        Asks for the password, or reads it from standard input if that is not a terminal. Address rules and TLS are \
        not part of this: 'ocean explain --user' tells about them. Nothing is counted as a failure.
        """,
      exits: [0: "the login would succeed", 1: "it would fail", 2: "that is not known, or wrong usage"],
      example: "ocean accounts test anna@example.org --service pop3")

    @OptionGroup var target: Target

    @Option(help: ArgumentHelp("The service (default: the only one).", valueName: "service"))
    var service: String?

    @Option(help: ArgumentHelp("The client's address.", valueName: "ip"))
    var from = "127.0.0.1"

    @Option(
      help: ArgumentHelp(
        "Where the password is: file:PATH, env:NAME or credential:NAME.", valueName: "source"))
    var password: SecretOption?

    func validate() throws {
      if let password, password.source == nil {
        // The text may be the password itself.
        throw ValidationError("--password tells where a password is: file:PATH, env:NAME or credential:NAME.")
      }
    }

    func run() throws {
      try reporting(2) {
        let client = try AccountTest.client(from)
        let plan = try target.plan()
        let service = try AccountTest.service(service, of: plan)
        let secret = try password?.source.map { try $0.password() } ?? Input.secret("Password: ")
        let test = AccountTest(target.user, password: secret, peer: client, service: service, of: plan)
        switch target.format {
        case .human: print(AccountText.text(of: test, on: target.screen.output))
        case .json: printJSON(try ControlAPI.encode(test))
        }
        if !test.succeeds { throw ExitCode(test.steps.contains { $0.outcome == .unknown } ? 2 : 1) }
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      "show", "Show what the source of an account says, without its secrets.",
      exits: [0: "the account is shown", 1: "no source has it", 2: "that is not known, or wrong usage"],
      example: "ocean accounts show anna@example.org")

    @OptionGroup var target: Target

    func run() throws {
      try reporting(2) {
        let plan = try target.plan()
        let accounts = try reporting(1) { try ShownAccount.accounts(of: target.user, in: plan) }
        switch target.format {
        case .human: print(AccountText.text(of: accounts, on: target.screen.output))
        case .json: printJSON(try ControlAPI.encode(ShownAccounts(accounts: accounts)))
        }
      }
    }
  }

  struct Flush: ParsableCommand {
    static let configuration = CommandConfiguration(
      "flush", "Make a running server forget the logins that it remembers.",
      discussion: """
        Account sources with 'cache' remember logins that they let in. Once these are forgotten, the next login asks the \
        source again: do this after an account was removed, or a password was changed because somebody else knew it.
        """,
      exits: [0: "they are forgotten, if there were any", 1: "no server answers", 2: "wrong usage"],
      example: "ocean accounts flush anna@example.org")

    @Argument(help: ArgumentHelp("The account, as it logs in (default: all accounts).", valueName: "user"))
    var user: String?

    @OptionGroup var config: ConfigOption

    @OptionGroup var control: ControlOptions

    @OptionGroup var screen: ScreenOptions

    func validate() throws {
      guard let user, user.isConfigName else { return }
      throw ValidationError(
        "'\(user.escapedForDisplay)' is a config; it is given with -c \(Files.absolute(user).shellQuoted).")
    }

    func run() throws {
      try reporting {
        let forgotten = try control.client(config).forget(ForgetRequest(user: user))
        try control.show(forgotten, AccountText.text(of: forgotten, user: user))
      }
    }
  }

  struct Rehash: ParsableCommand {
    static let configuration = CommandConfiguration(
      "rehash", "List the accounts that a new password would help.",
      discussion: """
        These are passwords whose hashes are quickly guessed, and those whose schemes ocean does not have. A hash cannot \
        be made from another hash: the accounts need new passwords, or the old ones given again.
        """,
      exits: [0: "they are listed, if there are any", 2: "that is not known, or wrong usage"],
      example: "ocean accounts rehash ocean.yaml")

    @OptionGroup var config: ConfigArgument

    @Option(help: "human or json.")
    var format = OutputFormat.human

    @OptionGroup var screen: ScreenOptions

    func run() throws {
      try reporting(2) {
        let weak = try WeakAccounts(of: try LoadedPlan(asking: try config.path, on: screen.errors).plan)
        switch format {
        case .human: print(AccountText.text(of: weak, on: screen.output))
        case .json: printJSON(try ControlAPI.encode(weak))
        }
      }
    }
  }
}

extension Accounts {
  /// The account that is meant.
  struct Target: ParsableArguments {
    @Argument(help: ArgumentHelp("The account, as it logs in.", valueName: "user"))
    var user: String

    @OptionGroup var config: ConfigArgument

    @Option(help: "human or json.")
    var format = OutputFormat.human

    @OptionGroup var screen: ScreenOptions

    func validate() throws {
      guard user.isConfigName else { return }
      throw ValidationError(
        "'\(user.escapedForDisplay)' is a config: the account comes first, then the config.")
    }

    fileprivate func plan() throws(Failure) -> Plan {
      try LoadedPlan(asking: try config.path, on: screen.errors).plan
    }
  }
}
