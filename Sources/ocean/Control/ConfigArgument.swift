import ArgumentParser
import OceanHost

/// The config that a command is about, as its argument or as the option `--config`.
struct ConfigArgument: ParsableArguments {
  @Argument(help: "The config, as with --config.", completion: .file())
  private var file: String?

  @OptionGroup private var option: ConfigOption

  func validate() throws { try option.mustAgree(with: file) }

  /// The option alone; it names what the argument names.
  var asOption: ConfigOption { option.or(file) }

  /// The config as it was named; nil if it was not.
  var named: String? { asOption.config }

  /// The path of the config.
  ///
  /// - Throws: if none is named and the standard one is not there.
  var path: String {
    get throws(Failure) { try asOption.path }
  }
}
