import Synchronization

/// The snapshots of recently opened mailboxes, bounded in bytes; the least recently used one is the first to
/// go. Every operation takes constant time.
final class SnapshotCache: Sendable {
  fileprivate struct Node {
    var maildir: String
    var snapshot: Snapshot?
    var watch: MaildirWatch?
    var byteCount: Int
    /// Neighbours in order of use; `none` at the ends.
    var newer: Int
    var older: Int
  }

  fileprivate struct State: Sendable {
    /// Linked by index: moving a node to the front needs neither allocations nor reference counting.
    var nodes: [Node] = []
    var free: [Int] = []
    var positions: [String: Int] = [:]
    var newest = SnapshotCache.none
    var oldest = SnapshotCache.none
    var byteCount = 0
  }

  fileprivate static let none = -1
  /// The bytes of the node, the dictionary entry, the snapshot itself and the headers of its arrays, besides
  /// what they and the path hold.
  private static let overhead = 640

  private let capacity: Int
  private let state = Mutex(State())

  init(capacity: Int) { self.capacity = capacity }

  var byteCount: Int { state.withLock { $0.byteCount } }

  /// The snapshot kept for a path, and the watch that reports changes since; it counts as used now.
  func entry(of maildir: String) -> (snapshot: Snapshot, watch: MaildirWatch?)? {
    state.withLock { state in
      guard let position = state.positions[maildir], let snapshot = state.nodes[position].snapshot else {
        return nil
      }
      state.unlink(position)
      state.linkNewest(position)
      return (snapshot, state.nodes[position].watch)
    }
  }

  /// Keeps a snapshot in place of an older one of that path. A snapshot larger than the whole cache is not
  /// kept.
  func insert(_ snapshot: Snapshot, for maildir: String, _ watch: MaildirWatch?) {
    let byteCount = snapshot.byteCount + maildir.utf8.count + Self.overhead
    state.withLock { state in
      state.remove(maildir)
      guard byteCount <= capacity else { return }
      while state.byteCount > capacity - byteCount, state.oldest != Self.none {
        state.remove(state.nodes[state.oldest].maildir)
      }
      let node = Node(
        maildir: maildir, snapshot: snapshot, watch: watch, byteCount: byteCount, newer: Self.none,
        older: Self.none)
      let position: Int
      if let reused = state.free.popLast() {
        position = reused
        state.nodes[position] = node
      } else {
        position = state.nodes.count
        state.nodes.append(node)
      }
      state.positions[maildir] = position
      state.byteCount += byteCount
      state.linkNewest(position)
    }
  }

  func remove(_ maildir: String) {
    state.withLock { $0.remove(maildir) }
  }
}

extension SnapshotCache.State {
  mutating func remove(_ maildir: String) {
    guard let position = positions.removeValue(forKey: maildir) else { return }
    unlink(position)
    byteCount -= nodes[position].byteCount
    nodes[position].snapshot = nil
    nodes[position].watch = nil
    nodes[position].maildir = ""
    free.append(position)
  }

  mutating func unlink(_ position: Int) {
    let (newer, older) = (nodes[position].newer, nodes[position].older)
    if newer >= 0 { nodes[newer].older = older } else { newest = older }
    if older >= 0 { nodes[older].newer = newer } else { oldest = newer }
  }

  mutating func linkNewest(_ position: Int) {
    nodes[position].newer = SnapshotCache.none
    nodes[position].older = newest
    if newest >= 0 { nodes[newest].newer = position } else { oldest = position }
    newest = position
  }
}
