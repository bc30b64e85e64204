import OceanSyntax

/// Names of services, account sources and so on. They appear in paths like `services.pop3`, so they have no
/// dots.
enum Name {
  static let pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"

  static func isValid(_ text: String) -> Bool {
    guard (1...63).contains(text.utf8.count), let first = text.utf8.first else { return false }
    return isLetterOrDigit(first)
      && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
  }

  static func check(_ text: String, _ span: Span, _ thing: String, _ decoder: inout Decoder) -> Bool {
    if isValid(text) { return true }
    decoder.report(
      .badName, span, "'\(text)' cannot be the name of \(thing)",
      help: "up to 63 letters, digits, hyphens and underscores, a letter or digit first")
    return false
  }
}

enum HostName {
  static let pattern =
    "^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)([.][A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*[.]?$"

  /// A last label of digits alone, which the pattern accepts and ``normalized(_:)`` does not.
  static let numericPattern = "(^|[.])[0-9]+[.]?$"

  /// The name in lower case and without the final dot; nil if it is not a host name (RFC 1123 §2.1,
  /// underscores tolerated). A name whose last label is a number is taken for a mistyped address and refused.
  static func normalized(_ text: String) -> String? {
    var name = text.lowercased()
    if name.hasSuffix(".") { name.removeLast() }
    guard (1...253).contains(name.utf8.count) else { return nil }
    for label in name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
      guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"),
        label.last != UInt8(ascii: "-"),
        label.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
      else { return nil }
    }
    let lastLabel = name.utf8.split(separator: UInt8(ascii: ".")).last ?? name.utf8[...]
    return lastLabel.allSatisfy { (48...57).contains($0) } ? nil : name
  }
}

/// Handles paths as bytes, like the system: to `String` a slash with an accent is a different character from
/// a slash.
package enum Path {
  private static let slash = UInt8(ascii: "/")

  /// Resolves a path relative to the folder of the file at `base`, without `.` and doubled slashes.
  static func resolve(_ path: String, relativeTo base: String) -> String {
    normalized(path.utf8.first == slash ? path : directory(of: base) + "/" + path)
  }

  /// Resolves a path relative to a folder, to an absolute path.
  ///
  /// - Parameter directory: absolute, and without symbolic links, so that a `..` in front of the path is the
  ///   folder's parent.
  package static func resolve(_ path: String, inside directory: String) -> String {
    if path.utf8.first == slash { return normalized(path) }
    var folder = directory.utf8.split(separator: slash)
    var rest = path.utf8.split(separator: slash)[...]
    while let part = rest.first.map(Substring.init), part == "." || part == ".." {
      rest = rest.dropFirst()
      if part == ".." { _ = folder.popLast() }
    }
    return normalized("/" + (folder + rest).map { String(Substring($0)) }.joined(separator: "/"))
  }

  /// The directory of a path: `/etc` for `/etc/ocean.yaml`.
  static func directory(of path: String) -> String {
    guard let last = path.utf8.lastIndex(of: slash) else { return "." }
    return last == path.startIndex ? "/" : String(path[..<last])
  }

  /// The last part of a path: `ocean.yaml` for `/etc/ocean.yaml`.
  package static func name(of path: String) -> String {
    path.utf8.lastIndex(of: slash).map { String(path[path.utf8.index(after: $0)...]) } ?? path
  }

  /// Removes `.`, doubled slashes and a slash at the end. `..` stays: only the system knows where it leads
  /// behind what may be a symbolic link.
  static func normalized(_ path: String) -> String {
    let parts = path.utf8.split(separator: slash).map { Substring($0) }.filter { $0 != "." }
    let body = parts.joined(separator: "/")
    return path.utf8.first == slash ? "/" + body : (body.isEmpty ? "." : body)
  }
}

func isLetterOrDigit(_ byte: UInt8) -> Bool {
  (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
}
