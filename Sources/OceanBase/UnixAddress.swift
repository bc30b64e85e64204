package import Glibc

extension sockaddr_un {
  /// The address of a Unix socket; nil if the path does not fit.
  package init?(path: String) {
    self.init()
    sun_family = sa_family_t(AF_UNIX)
    let fits = withUnsafeMutableBytes(of: &sun_path) { field in
      guard path.utf8.count < field.count else { return false }
      field.copyBytes(from: path.utf8)
      return true
    }
    guard fits else { return nil }
  }
}
