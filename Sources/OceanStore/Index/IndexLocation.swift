/// Where indexes of Maildirs are kept. They are a cache: without one, or with one that can not be read or written, every
/// message is counted again after a restart, and unique ids of other servers are looked up again.
package enum IndexLocation: Equatable, Sendable {
  case none
  /// One file a Maildir in this directory, which is made if its parent exists. File names are hashes of the Maildirs' paths.
  case directory(String)
  /// `ocean-index` in each Maildir: it moves with the Maildir, and is shared by all machines that do.
  case besideMail

  /// What a file says of whose it is: file names of two Maildirs might be the same hash.
  func owner(_ maildir: String) -> String { self == .besideMail ? "" : maildir }

  func path(for maildir: String) -> String? {
    switch self {
    case .none: return nil
    case .besideMail: return maildir + "/ocean-index"
    case .directory(let directory):
      var maildir = maildir
      return maildir.withUTF8 { bytes in
        UniqueID.withHash(of: UnsafeRawBufferPointer(bytes)) { hash in
          // Behind the marker, which is for ids.
          directory + "/" + String(decoding: hash.dropFirst(), as: UTF8.self) + ".index"
        }
      }
    }
  }
}
