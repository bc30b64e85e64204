package import OceanCompiler
import OceanSyntax

/// A command that a node is asked with, as a person would type it there.
package enum NodeQuestion: Sendable {
  /// The facts that its config asks for.
  case facts
  /// The plan that runs.
  case plan
  case status

  /// The words of the command on the node.
  package func words(for node: Fleet.Node) -> [String] {
    switch self {
    case .facts: ["ocean", "facts", node.remoteConfig]
    case .plan: ["ocean", "plan", "--running", "--format", "json", node.remoteConfig]
    case .status: ["ocean", "status", "--format", "json", node.remoteConfig]
    }
  }

  /// The command, in one line.
  package func text(for node: Fleet.Node) -> String {
    words(for: node).map(\.shellQuoted).joined(separator: " ")
  }

  /// The words of the command here. ssh hands one word to the shell of the node, so that is quoted for it; here there is no
  /// shell.
  ///
  /// - Parameter seconds: how long a connection may take.
  package func command(for node: Fleet.Node, at target: String, within seconds: Int) -> [String] {
    ["ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=\(seconds)", "--", target, text(for: node)]
  }
}
