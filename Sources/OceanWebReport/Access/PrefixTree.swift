import OceanAddresses
import OceanPlan

/// Blocks of IPv6 that lose or gain, below the prefixes that they share.
struct PrefixTree {
  struct Leaf {
    let block: IPPrefix
    let isGain: Bool
    let before: AccessDifference.Cause
    let after: AccessDifference.Cause
  }

  struct Node {
    let prefix: IPPrefix
    var leaves: [Leaf] = []
    var nodes: [Node] = []

    /// How many blocks below it lose, and gain.
    var counts: (lost: Int, gained: Int) {
      nodes.map(\.counts).reduce((leaves.count { !$0.isGain }, leaves.count(where: \.isGain))) {
        ($0.0 + $1.lost, $0.1 + $1.gained)
      }
    }
  }

  /// What is given to registries, to providers, to sites, and to a network.
  private static let levels = [12, 32, 48, 64]

  let root: Node

  /// - Parameter leaves: by ascending addresses.
  init(_ leaves: [Leaf]) {
    root = Self.node(IPPrefix(IPAddress(family: .v6, value: 0), length: 0), leaves[...], Self.levels[...])
  }

  /// A prefix that nothing branches off from is left out.
  private static func node(_ prefix: IPPrefix, _ leaves: ArraySlice<Leaf>, _ levels: ArraySlice<Int>) -> Node
  {
    guard let level = levels.first, leaves.count > 1 else {
      return Node(prefix: prefix, leaves: Array(leaves))
    }
    var node = Node(prefix: prefix)
    var rest = leaves
    while let leaf = rest.first {
      guard leaf.block.length > level else {
        node.leaves.append(leaf)
        rest = rest.dropFirst()
        continue
      }
      let group = IPPrefix(leaf.block.network, length: level)
      let members = rest.prefix { $0.block.length > level && group.contains($0.block.network) }
      rest = rest.dropFirst(members.count)
      node.nodes.append(self.node(group, members, levels.dropFirst()))
    }
    if node.leaves.isEmpty, node.nodes.count == 1, let only = node.nodes.first, prefix.length > 0 {
      return only
    }
    return node
  }
}
