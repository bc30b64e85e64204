internal import OceanAddresses

/// Connections that have not logged in, arranged by pool, networks from the widest to the address, and
/// connection.
///
/// Each network keeps its members in a heap: the largest is first, and among equals the one whose oldest
/// connection came first. So finding the connection that gives way, adding one and removing one take a few
/// steps however many there are.
struct PendingNetworks: Sendable {
  typealias Index = Int32

  private struct Node {
    /// Nil for a connection.
    var name: Name?
    var parent: Index?
    /// Its position among its parent's members.
    var position = 0
    /// The number of connections in it.
    var count = 0
    /// The number of the oldest connection of its largest member; for a connection, its own number.
    var oldest: UInt64 = 0
    /// The members as a heap.
    var members: [Index] = []
  }

  private struct Name: Hashable {
    let pool: PendingPool
    let network: UInt128
    let length: Int
  }

  private let v6Lengths: [Int]
  private var nodes: [Node] = []
  private var vacant: [Index] = []
  private var networks: [Name: Index] = [:]
  private var pools: [PendingPool: Index] = [:]

  /// - Parameter v6PrefixLength: leading bits of an IPv6 address that count as one address.
  init(v6PrefixLength: Int) {
    // Providers give one customer a /48 or a /56 (RFC 6177).
    v6Lengths = [48, 56].filter { $0 < v6PrefixLength } + [v6PrefixLength]
  }

  /// The names of an address's networks, the widest first, its own last.
  private func names(of peer: IPAddress, in pool: PendingPool) -> [Name] {
    let lengths = peer.family == .v4 ? [96 + 24, 128] : v6Lengths
    let value = AddressKey(peer, v6PrefixLength: v6Lengths.last ?? 128).value
    return lengths.map { length in
      let host = UInt128(128 - length)
      return Name(pool: pool, network: (value >> host) << host, length: length)
    }
  }

  // MARK: - Who gives way

  /// The number of the connection that gives way to a newcomer: the oldest of the largest network. Nil if the
  /// newcomer's own network is the largest, down to its address.
  ///
  /// - Parameters:
  ///   - peer: the newcomer; nil if it is not known yet: every connection gives way to it.
  ///   - pool: where a place is needed; nil for any pool: the one with the largest network gives a place.
  func giver(for peer: IPAddress?, in pool: PendingPool?) -> UInt64? {
    guard let pool = pool ?? poolOfLargest, var node = pools[pool] else { return nil }
    guard let peer else { return nodes[Int(node)].oldest }
    for name in names(of: peer, in: pool) {
      guard let largest = nodes[Int(node)].members.first else { return nil }
      let own = networks[name]
      if nodes[Int(largest)].count > (own.map { nodes[Int($0)].count } ?? 0) {
        return nodes[Int(largest)].oldest
      }
      // No network is larger than the newcomer's own; within that, there may be a larger one.
      guard let own else { return nil }
      node = own
    }
    return nil
  }

  private var poolOfLargest: PendingPool? {
    func largest(_ pool: Index) -> Int { nodes[Int(pool)].members.first.map { nodes[Int($0)].count } ?? 0 }
    return pools.max { largest($0.value) < largest($1.value) }?.key
  }

  // MARK: - Coming and going

  /// - Parameter number: larger than the numbers of all that came before.
  /// - Returns: the index to give to `remove`.
  mutating func insert(_ peer: IPAddress, in pool: PendingPool, number: UInt64) -> Index {
    var parent: Index
    if let known = pools[pool] {
      parent = known
    } else {
      parent = make(Node())
      pools[pool] = parent
    }
    for name in names(of: peer, in: pool) {
      if let known = networks[name] {
        parent = known
      } else {
        parent = make(Node(name: name, parent: parent))
        networks[name] = parent
      }
    }
    let connection = make(Node(parent: parent, count: 1, oldest: number))
    var child = connection
    while let parent = nodes[Int(child)].parent {
      if nodes[Int(child)].count == 1 { append(child, to: parent) } else { settle(child) }
      nodes[Int(parent)].count += 1
      noteOldest(parent)
      child = parent
    }
    return connection
  }

  mutating func remove(_ connection: Index) {
    var child = connection
    nodes[Int(child)].count = 0
    while let parent = nodes[Int(child)].parent {
      if nodes[Int(child)].count == 0 {
        takeOut(child, of: parent)
        if let name = nodes[Int(child)].name { networks[name] = nil }
        vacate(child)
      } else {
        settle(child)
      }
      nodes[Int(parent)].count -= 1
      noteOldest(parent)
      child = parent
    }
    guard nodes[Int(child)].count == 0 else { return }
    pools = pools.filter { $0.value != child }
    vacate(child)
    // The memory is freed with the last connection of a flood.
    if pools.isEmpty { (nodes, vacant, networks) = ([], [], [:]) }
  }

  private mutating func make(_ node: Node) -> Index {
    if let index = vacant.popLast() {
      nodes[Int(index)] = node
      return index
    }
    nodes.append(node)
    return Index(nodes.count - 1)
  }

  private mutating func vacate(_ index: Index) {
    nodes[Int(index)] = Node()
    vacant.append(index)
  }

  private mutating func noteOldest(_ network: Index) {
    guard let first = nodes[Int(network)].members.first else { return }
    nodes[Int(network)].oldest = nodes[Int(first)].oldest
  }

  // MARK: - Heaps

  private func isBefore(_ a: Index, _ b: Index) -> Bool {
    let (sizeA, sizeB) = (nodes[Int(a)].count, nodes[Int(b)].count)
    return sizeA != sizeB ? sizeA > sizeB : nodes[Int(a)].oldest < nodes[Int(b)].oldest
  }

  private mutating func append(_ child: Index, to parent: Index) {
    nodes[Int(child)].position = nodes[Int(parent)].members.count
    nodes[Int(parent)].members.append(child)
    settle(child)
  }

  private mutating func takeOut(_ child: Index, of parent: Index) {
    let position = nodes[Int(child)].position
    guard let last = nodes[Int(parent)].members.popLast(), last != child else { return }
    place(last, at: position, of: parent)
    settle(last)
  }

  private mutating func place(_ child: Index, at position: Int, of parent: Index) {
    nodes[Int(parent)].members[position] = child
    nodes[Int(child)].position = position
  }

  /// Moves a member to its place in the heap.
  private mutating func settle(_ child: Index) {
    guard let parent = nodes[Int(child)].parent else { return }
    var position = nodes[Int(child)].position
    while position > 0 {
      let above = nodes[Int(parent)].members[(position - 1) / 2]
      guard isBefore(child, above) else { break }
      place(above, at: position, of: parent)
      position = (position - 1) / 2
    }
    while let below = first(below: position, in: parent) {
      let member = nodes[Int(parent)].members[below]
      guard isBefore(member, child) else { break }
      place(member, at: position, of: parent)
      position = below
    }
    place(child, at: position, of: parent)
  }

  /// The position of the first of the two members below a position.
  private func first(below position: Int, in parent: Index) -> Int? {
    let (left, right) = (2 * position + 1, 2 * position + 2)
    let count = nodes[Int(parent)].members.count
    guard right < count else { return left < count ? left : nil }
    let isRight = isBefore(nodes[Int(parent)].members[right], nodes[Int(parent)].members[left])
    return isRight ? right : left
  }
}
