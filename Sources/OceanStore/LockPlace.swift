/// Where the lock of a mailbox is, besides the one in the server's own directory.
package enum LockPlace: Sendable, Hashable {
  /// Nowhere else: this host alone serves the mail.
  case local
  /// On the mail's own file system as well (see `SharedLocks`), for all hosts that serve it.
  ///
  /// - Parameter base: the directory below which all Maildirs are.
  case shared(base: String)
}
