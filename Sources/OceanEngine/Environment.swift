import NIOCore
import NIOPosix
import OceanStore
import Synchronization

/// What all sessions of the process share.
final class Environment: Sendable {
  let store: MaildirStore
  let gate: Gate
  /// For files. Bounded by its threads; a session has at most one job here.
  let files: NIOThreadPool
  /// For password hashes, which take a whole core for a tenth of a second on purpose.
  let hashing: NIOThreadPool
  private let sessionIDs = Atomic<UInt64>(0)

  init(store: MaildirStore, gate: Gate, files: NIOThreadPool, hashing: NIOThreadPool) {
    self.store = store
    self.gate = gate
    self.files = files
    self.hashing = hashing
  }

  /// From 1; never the same again.
  func newSessionID() -> UInt64 { sessionIDs.wrappingAdd(1, ordering: .relaxed).newValue }
}
