/// Where indexes of Maildirs are kept. They are a cache: without one, or with one that can not be read or written, every
/// message is counted again after a restart, and unique ids of other servers are looked up again.
package enum IndexLocation: Equatable, Sendable {
  case none
  /// One file a Maildir in this directory, which is made if its parent exists. File names are hashes of the Maildirs' paths.
  /// It is none of the Maildirs' owners'.
  case directory(String)

  func path(for maildir: String) -> String? {
    switch self {
    case .none: return nil
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
