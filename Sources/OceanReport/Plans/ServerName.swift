import OceanHost
package import OceanPlan
import OceanSyntax

/// How a command is told which server to ask.
package struct ServerName {
  private let options: String

  /// - Parameters:
  ///   - socket: nil if the config names it.
  ///   - config: nil for the standard one.
  package init(socket: String?, config: String?) {
    if let socket {
      options = " --socket \(Files.absolute(socket).shellQuoted)"
    } else if let config, Files.absolute(config) != Files.standardConfig {
      options = " -c \(Files.absolute(config).shellQuoted)"
    } else {
      options = ""
    }
  }

  package func confirm(_ plan: Digest) -> String { "ocean confirm \(plan.short)\(options)" }

  /// - Parameter plan: nil reverts the plan that waits.
  package func rollback(_ plan: Digest?) -> String {
    "ocean rollback\(plan.map { " \($0.short)" } ?? "")\(options)"
  }
}
