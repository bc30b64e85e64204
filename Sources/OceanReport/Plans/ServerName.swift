import OceanHost
package import OceanPlan
import OceanSyntax

/// How a command is told which server to ask.
package struct ServerName {
  /// The argument of commands that take the config as an argument.
  private let argument: String
  private let options: String

  /// - Parameters:
  ///   - socket: nil if the config names it.
  ///   - config: nil for `standard`, the config that is used if none is named.
  package init(socket: String?, config: String?, standard: String) {
    if let socket {
      argument = " --socket \(Files.absolute(socket).shellQuoted)"
      options = argument
    } else if let config, config != standard {
      argument = " \(Files.absolute(config).shellQuoted)"
      options = " --config\(argument)"
    } else {
      argument = ""
      options = ""
    }
  }

  package func confirm(_ plan: Digest) -> String { "ocean confirm \(plan.short)\(argument)" }

  /// - Parameter plan: nil reverts the plan that waits.
  package func rollback(_ plan: Digest?) -> String {
    "ocean rollback\(plan.map { " \($0.short)" } ?? "")\(options)"
  }
}
