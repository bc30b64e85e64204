package import OceanCompiler
import OceanSyntax

/// A command that a node is asked with, as a person would type it there.
package enum NodeQuestion: Sendable {
  /// The facts that a config asks for which it reads from an archive.
  case facts
  /// The facts that the config asks for which the node has: all that an older ocean tells.
  case factsOfItsConfig
  /// The plan that runs.
  case plan
  case status
  /// What a rollback of the last change would do, even if something else was tried since and reverted.
  case rollback

  /// The words of the command on the node.
  package func words(for node: Fleet.Node) -> [String] {
    switch self {
    case .facts: ["ocean", "facts", "--tar", node.remoteConfig]
    case .factsOfItsConfig: ["ocean", "facts", node.remoteConfig]
    case .plan: ["ocean", "plan", "--running", "--format", "json", node.remoteConfig]
    case .status: ["ocean", "status", "--format", "json", node.remoteConfig]
    case .rollback:
      ["ocean", "rollback", "1", "--dry-run", "--format", "json", "--config", node.remoteConfig]
    }
  }

  /// The command, in one line.
  package func text(for node: Fleet.Node) -> String {
    words(for: node).map(\.shellQuoted).joined(separator: " ")
  }

  package func command(for node: Fleet.Node, input: [UInt8] = []) -> NodeCommand {
    NodeCommand(words: words(for: node), input: input)
  }
}
