import ArgumentParser
import OceanClient
import OceanHost
import OceanPlan

/// Whether, and with which account, `ocean apply` probes what it has applied.
struct ProbeOptions: ParsableArguments {
  @Flag(help: "Connect to every listener afterwards; go back at once if one does not answer.")
  var probe = false

  @Option(
    help: ArgumentHelp("With --probe: also log in there, as this user.", valueName: "login"))
  var probeUser: String?

  @Option(
    help: ArgumentHelp(
      "Where that user's password is: file:PATH, env:NAME or credential:NAME.", valueName: "source"))
  var probePassword: SecretOption?

  func validate() throws {
    if let probePassword, probePassword.source == nil {
      // The text may be the password itself.
      throw ValidationError(
        "--probe-password tells where a password is: file:PATH, env:NAME or credential:NAME.")
    }
    if (probeUser == nil) != (probePassword == nil) {
      throw ValidationError("--probe-user and --probe-password belong together.")
    }
    if let probeUser {
      guard probe else { throw ValidationError("--probe-user is for --probe.") }
      guard !probeUser.isEmpty, probeUser.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
        throw ValidationError("--probe-user is not a login.")
      }
    }
  }

  /// The login of the probe; nil without one.
  ///
  /// - Throws: if there is no password to log in with; nothing has been asked of the server then.
  func login() throws(Failure) -> Probe.Login? {
    guard let probeUser, let source = probePassword?.source else { return nil }
    return Probe.Login(user: probeUser, password: try source.probePassword())
  }
}

/// `file:PATH`, `env:NAME`, `credential:NAME`: the places where a config may have secrets.
struct SecretOption: ExpressibleByArgument {
  /// The source; nil if the text is not one of the three. Parsing does not fail then, because its message
  /// would show the text.
  let source: Plan.SecretSource?

  init(argument: String) { source = Plan.SecretSource(named: argument) }
}
