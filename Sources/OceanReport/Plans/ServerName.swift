import OceanHost
package import OceanPlan
import OceanSyntax

/// How a command is told which server to ask, in commands that are printed to be pasted anywhere.
package struct ServerName {
  /// The options that name the server; "" for that of the standard config.
  private let options: String
  private let namesSocket: Bool

  /// - Parameters:
  ///   - socket: nil if the config names it.
  ///   - config: a config or a saved plan; nil for the standard config.
  package init(socket: String?, config: String?) {
    namesSocket = socket != nil
    if let socket {
      options = " --socket \(Files.absolute(socket).shellQuoted)"
    } else if let config, Files.absolute(config) != Files.standardConfig {
      options = " -c \(Files.absolute(config).shellQuoted)"
    } else {
      options = ""
    }
  }

  /// A command that asks the server.
  ///
  /// - Parameter words: its name and arguments: `sessions --user anna`.
  package func command(_ words: String) -> String { "ocean \(words)\(options)" }

  package func confirm(_ plan: Digest) -> String { command("confirm \(plan.short)") }

  /// - Parameter plan: nil reverts the plan that waits.
  package func rollback(_ plan: Digest?) -> String { command("rollback\(plan.map { " \($0.short)" } ?? "")") }

  /// - Parameter file: a config or a saved plan; nil for the config that names the server.
  package func apply(_ file: String? = nil) -> String {
    guard let file else { return command("apply") }
    return "ocean apply \(Files.absolute(file).shellQuoted)\(namesSocket ? options : "")"
  }
}
