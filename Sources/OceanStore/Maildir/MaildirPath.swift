import Glibc

/// Paths of Maildirs. Locks, indexes and snapshots go by the path, so that one Maildir must have one.
package enum MaildirPath {
  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")

  /// The same path without doubled slashes, one at the end, `.`, and `..` together with the name before it. Where that name is a
  /// symbolic link only the system knows what is above what it leads to: there both stay.
  ///
  /// In bytes, as the system reads paths: to `String` a slash with an accent is another character than a slash.
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

  /// Most paths are, and are told from the others without any memory. Not the only way to be one: `.a` is a name, too.
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
