import ArgumentParser
import OceanHost
import OceanInit
import OceanSyntax

/// The config that a command is about, for commands whose arguments are something else.
struct ConfigOption: ParsableArguments {
  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp("The config (default: \(Files.standardConfig)).", valueName: "file"),
    completion: .file())
  var config: String?

  /// The path of the config.
  ///
  /// - Throws: if none is named and the standard one is not there.
  var path: String {
    get throws(Failure) {
      if let config { return config }
      return try MissingConfig.standardConfig()
    }
  }

  /// The same option for a command that was given a config as an argument.
  func or(_ argument: String?) -> ConfigOption {
    var result = self
    result.config = argument ?? config
    return result
  }

  /// - Throws: if an argument names another config than the option.
  func mustAgree(with argument: String?) throws {
    guard let argument, let config, Files.absolute(argument) != Files.absolute(config) else { return }
    throw ValidationError(
      "One config is needed, and two are named: \(argument.shellQuoted) and --config \(config.shellQuoted).")
  }
}
