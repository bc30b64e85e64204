import Glibc

/// Paths of Maildirs. Locks, indexes and snapshots go by the path, so a Maildir must have only one.
package enum MaildirPath {
  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")

  /// The same path without doubled slashes, a slash at the end, `.`, and `..` together with the name before
  /// it. If that name is a symbolic link, only the system knows what is above its target: there both stay.
  ///
  /// Compared in bytes, as the system reads paths: for `String`, a slash with an accent is not the same
  /// character as a slash.
  package static func normalized(_ path: String) -> String {
    if isNormal(path.utf8) { return path }
    let isAbsolute = path.utf8.first == slash
    var parts: [Substring] = []
    for part in path.utf8.split(separator: slash).map({ Substring($0) }) where part != "." {
      guard part == ".." else {
        parts.append(part)
        continue
      }
      let above = (isAbsolute ? "/" : "") + parts.joined(separator: "/")
      if parts.isEmpty, isAbsolute { continue }
      if parts.isEmpty || parts.last == ".." || isLink(above) {
        parts.append(part)
      } else {
        parts.removeLast()
      }
    }
    let body = parts.joined(separator: "/")
    return isAbsolute ? "/" + body : (body.isEmpty ? "." : body)
  }

  /// Whether a path certainly is in normal form. Most are, and this finds that out without taking memory. It
  /// may miss some that are: `.a` is a name, too.
  private static func isNormal(_ path: String.UTF8View) -> Bool {
    var previous: UInt8?
    for byte in path {
      if previous == slash, byte == slash || byte == dot { return false }
      previous = byte
    }
    return path.count > 1 && previous != slash && path.first != dot
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }
}
