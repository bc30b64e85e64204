/// The place where indexes of Maildirs are kept. They are a cache: without an index, or with one that cannot
/// be read or written, every message is counted again after a restart, and unique ids of other servers are
/// looked up again.
package enum IndexLocation: Equatable, Sendable {
  case none
  /// One file for each Maildir in this directory, which is made if its parent exists. File names are hashes
  /// of the Maildirs' paths. The directory does not belong to a Maildir's owner.
  case directory(String)

  func path(for maildir: String) -> String? {
    switch self {
    case .none: return nil
    case .directory(let directory):
      var maildir = maildir
      return maildir.withUTF8 { bytes in
        UniqueID.withHash(of: UnsafeRawBufferPointer(bytes)) { hash in
          // The hash without its marker, which is for ids.
          directory + "/" + String(decoding: hash.dropFirst(), as: UTF8.self) + ".index"
        }
      }
    }
  }
}
