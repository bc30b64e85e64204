import ArgumentParser
import OceanBase
import OceanClient
import OceanCompiler
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
    return Probe.Login(user: probeUser, password: try Self.password(source))
  }

  private static func password(_ source: Plan.SecretSource) throws(Failure) -> SecretBytes {
    let found: (secret: SecretBytes, isExposed: Bool)?
    do {
      found = try source.read()
    } catch {
      throw Failure("cannot read the password of the probe from \(source): \(error.reason)")
    }
    guard let found else {
      throw Failure("there is no \(source) in this environment: the probe has no password")
    }
    if found.isExposed, case .file(let path) = source {
      throw Failure("everybody may read \(path), which holds a password: chmod 600 \(path)")
    }
    let isLine = found.secret.withUnsafeBytes { bytes in
      !bytes.isEmpty && bytes.allSatisfy { ![0, 10, 13].contains($0) }
    }
    guard isLine else { throw Failure("\(source) must hold one line, the password of the probe") }
    return found.secret
  }
}

/// `file:PATH`, `env:NAME`, `credential:NAME`: the places where a config may have secrets.
struct SecretOption: ExpressibleByArgument {
  /// The source; nil if the text is not one of the three. Parsing does not fail then, because its message
  /// would show the text.
  let source: Plan.SecretSource?

  init(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1).map(String.init)
    source =
      switch (parts.first, parts.dropFirst().first) {
      case ("file", let path?): .file(Files.absolute(path))
      case ("env", let name?): .env(name)
      case ("credential", let name?) where !name.contains("/") && !name.hasPrefix("."): .credential(name)
      default: nil
      }
  }
}
