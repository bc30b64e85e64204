import Glibc
import OceanBase
import OceanCompiler

extension Facts.MailFileSystem {
  /// Finds out on which file system a directory is, and how that is mounted.
  ///
  /// - Parameter isSilent: whether it does not answer; then it is not asked.
  init(of directory: String, isSilent: Bool) {
    let real = isSilent ? nil : Files.real(directory)
    let table = MountTable(Self.text("/proc/self/mountinfo"))
    let place = real ?? directory
    let mount = table.mount(holding: place == "/" ? "" : place)
    let start = place.hasSuffix("/") ? place : place + "/"
    let below = table.mounts.values.filter { $0.path.hasPrefix(start) && $0.device != mount.device }.map(
      \.path)
    let isNFS = Self.isNFS(mount.type)
    self.init(
      path: directory, type: mount.type, source: mount.source, options: mount.options,
      recoversLostLocks: isNFS
        ? Self.text("/sys/module/nfs/parameters/recover_lost_locks").first.map { $0 == "Y" || $0 == "1" }
        : nil,
      leaseSeconds: isNFS ? Self.lease(of: mount.path, Self.text("/proc/self/mountstats")) : nil,
      mountedBelow: Array(below.sorted().prefix(10)), isSilent: isSilent)
  }

  private static func text(_ path: String) -> String {
    (try? Files.read(path, limit: 16 << 20)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// The lease that the kernel has agreed upon with a server, in seconds; nil if it does not say.
  ///
  /// - Parameter statistics: the text of /proc/self/mountstats.
  static func lease(of path: String, _ statistics: String) -> Int? {
    var isThere = false
    var seconds: Int?
    for line in statistics.split(separator: "\n") {
      if line.hasPrefix("device ") {
        isThere = line.contains(" mounted on \(path.isEmpty ? "/" : path) with fstype ")
        // The last mount with that path is on top.
        if isThere { seconds = nil }
      } else if isThere, let start = line.firstRange(of: "lease_time=")?.upperBound {
        seconds = Int(line[start...].prefix { $0.isASCII && $0.isNumber })
      }
    }
    return seconds
  }
}
