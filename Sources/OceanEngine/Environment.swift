import NIOCore
import NIOPosix
import OceanStore

/// What all sessions of the process share.
final class Environment: Sendable {
  let store: MaildirStore
  /// For files. Bounded by its threads; a session has at most one job here.
  let files: NIOThreadPool
  /// For password hashes, which take a whole core for a tenth of a second on purpose.
  let hashing: NIOThreadPool

  init(store: MaildirStore, files: NIOThreadPool, hashing: NIOThreadPool) {
    self.store = store
    self.files = files
    self.hashing = hashing
  }
}
