package import OceanCompiler

/// A node of a fleet, and what is known of it.
package struct FleetNode<Found: Sendable>: Sendable {
  package let node: Fleet.Node
  package let result: Result<Found, NodeTrouble>

  /// - Parameter find: finds out what is known of the node.
  package init(_ node: Fleet.Node, _ find: () throws(NodeTrouble) -> Found) {
    self.node = node
    result = Result(catching: find)
  }

  package var found: Found? { try? result.get() }

  /// Why nothing is known of it; nil if something is.
  package var trouble: NodeTrouble? {
    if case .failure(let trouble) = result { trouble } else { nil }
  }
}
