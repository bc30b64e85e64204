/// The file systems and where they are mounted, as /proc/self/mountinfo tells it (proc_pid_mountinfo(5)).
package struct MountTable: Sendable {
  package struct Mount: Sendable, Hashable {
    /// The same for all places where one file system is mounted.
    package let device: String
    /// Absolute, without a slash at its end: the root's path is empty.
    package let path: String
    /// The type as in mount(8), for instance `nfs4`.
    package let type: String
    /// What is mounted, such as a device, or `nas:/export`.
    package var source = ""
    /// The options of the mount, and those of the file system.
    package var options: [String] = []
  }

  /// The mounts by their paths. If several have the same path, the last one is on top.
  package private(set) var mounts: [String: Mount] = [:]
  /// The mount of a path if no mount is known.
  private static let unknown = Mount(device: "", path: "", type: "unknown")

  package init(_ text: String) {
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", omittingEmptySubsequences: false)
      // Optional fields end with a hyphen.
      guard fields.count > 6, let separator = fields[6...].firstIndex(of: "-"), separator + 1 < fields.count
      else { continue }
      let path = Self.unescaped(fields[4])
      let place = path == "/" ? "" : path
      var mount = Mount(device: String(fields[2]), path: place, type: String(fields[separator + 1]))
      if separator + 2 < fields.count { mount.source = Self.unescaped(fields[separator + 2]) }
      let own = separator + 3 < fields.count ? fields[separator + 3] : ""
      mount.options = (fields[5].split(separator: ",") + own.split(separator: ",")).map(String.init)
      mounts[place] = mount
    }
  }

  /// The mount that holds a path without symbolic links.
  package func mount(holding path: String) -> Mount {
    var place = path[...]
    while true {
      if let mount = mounts[String(place)] { return mount }
      guard let slash = place.lastIndex(of: "/") else { return mounts[""] ?? Self.unknown }
      place = place[..<slash]
    }
  }

  /// Replaces the octal escapes: spaces and backslashes are written as three octal digits.
  private static func unescaped(_ field: Substring) -> String {
    guard field.contains("\\") else { return String(field) }
    var bytes: [UInt8] = []
    var rest = field.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), let code = UInt8(String(Substring(rest.prefix(3))), radix: 8) {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
