import Glibc
import OceanCompiler
import OceanHost
import OceanPlan

/// A file here that a plan was made from, and which the node is to have once the plan is confirmed: the config, what it
/// includes, and lists that are kept beside it.
struct NodeFile: Sendable, Hashable {
  /// The path on the node.
  let path: String
  /// The path here; nil if there is no place for it on the node.
  let local: String?
  let hash: Digest

  /// The contents.
  ///
  /// - Throws: if they are not what the plan was made from.
  func contents() throws(NodeTrouble) -> [UInt8] {
    guard let local else {
      throw NodeTrouble(
        .invalid,
        "\(path) is included from outside of the config's directory, and cannot be brought to a node")
    }
    let bytes: [UInt8]
    do {
      bytes = try Files.read(local, limit: Files.listLimit)
    } catch {
      throw NodeTrouble(.invalid, "cannot read \(local): \(error.reason)")
    }
    guard Digest(of: bytes) == hash else {
      throw NodeTrouble(.invalid, "\(local) has changed since the plan was made")
    }
    return bytes
  }

  /// The files of a node's plan.
  static func all(
    of plan: PlanFile, _ config: CompiledConfig, _ given: FactsFile, for node: Fleet.Node
  ) -> [NodeFile] {
    let main = config.loaded.inputs.first?.path
    let folder = Files.access.directory(node.config)
    return plan.inputs.compactMap { input in
      guard let hash = input.sha256 else { return nil }
      if input.path == main { return NodeFile(path: node.remoteConfig, local: node.config, hash: hash) }
      let local = given.local(input.path, in: folder)
      switch input.role {
      case .config: return NodeFile(path: input.path, local: local, hash: hash)
      case .addresses:
        // A list that is not here is the node's own.
        guard let local, access(local, F_OK) == 0 else { return nil }
        return NodeFile(path: input.path, local: local, hash: hash)
      case .accounts, .certificate: return nil
      }
    }
  }
}
