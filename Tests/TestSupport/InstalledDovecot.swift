import Glibc

/// The Dovecot of this host, if the tests can use it: their configs are for 2.3, and 2.4 reads different
/// ones.
package enum InstalledDovecot {
  /// The version; nil if Dovecot is missing.
  package static let version: String? = {
    guard let stream = popen("dovecot --version 2>/dev/null", "r") else { return nil }
    defer { pclose(stream) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), stream) != nil else { return nil }
    return String(
      decoding: line.prefix { $0 != 0 && $0 != 0x20 && $0 != 0x0a }.map(UInt8.init(bitPattern:)),
      as: UTF8.self)
  }()

  package static var isUsable: Bool { version?.hasPrefix("2.3.") ?? false }

  /// Whether the tests must not be skipped. A host with another version has no 2.3 to install.
  package static let isRequired =
    getenv("CI").map { String(cString: $0) == "true" } ?? false && (version == nil || isUsable)

  /// Why the tests are skipped.
  package static let absence = "Dovecot 2.3 is needed, and here is \(version ?? "none"), or this is not root"
}
