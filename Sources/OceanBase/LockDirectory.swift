/// The directory of the locks that several hosts share, beside the mail.
package enum LockDirectory {
  package static let name = ".ocean-locks"

  /// - Parameter base: the directory above it, absolute.
  package static func path(in base: String) -> String {
    base.hasSuffix("/") ? base + name : "\(base)/\(name)"
  }
}
