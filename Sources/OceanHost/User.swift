package import Glibc
import OceanSyntax

/// A user of this host.
package struct User {
  package let uid: uid_t
  package let gid: gid_t

  package init?(named name: String) {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 * 1024)
    guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
    uid = entry.pw_uid
    gid = entry.pw_gid
  }

  /// The name of the user that runs this process, or its number if it has no name.
  package static var effectiveName: String { name(of: geteuid()).map { "'\($0)'" } ?? "\(geteuid())" }

  package static func name(of number: uid_t) -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 * 1024)
    guard getpwuid_r(number, &entry, &buffer, buffer.count, &found) == 0, found != nil,
      let name = entry.pw_name
    else { return nil }
    return String(cString: name)
  }

  /// The name of the user with that number, or one that looks like `name`.
  static func suggestion(for name: String) -> String? {
    var names: [String] = []
    setpwent()
    defer { endpwent() }
    // A host has fewer users of its own: a directory service may go on.
    while names.count < 10_000, let entry = getpwent() {
      let known = String(cString: entry.pointee.pw_name)
      if name == "\(entry.pointee.pw_uid)" { return known }
      names.append(known)
    }
    return closestMatch(name, among: names)
  }
}
