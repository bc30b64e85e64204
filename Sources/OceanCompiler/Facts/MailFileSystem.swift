extension Facts {
  /// The file system on which shared locks would be. Only the kernel of this host was asked about it.
  package struct MailFileSystem: Sendable, Hashable, Codable {
    /// The directory that was looked at.
    package var path: String
    /// As in mount(8), for instance `nfs4`.
    package var type: String
    /// What is mounted, such as a device, or `nas:/export`.
    package var source: String
    package var options: [String]
    /// The version of NFS, such as `4.2`.
    package var version: String?
    /// The host that has the files.
    package var server: String?
    /// Whether the kernel takes lost locks again (nfs.recover_lost_locks); nil where there is no NFS.
    package var recoversLostLocks: Bool?
    /// How long an NFS server keeps the locks of a client that is silent; nil if it is not known here.
    package var leaseSeconds: Int?
    /// Places below the directory where other file systems are mounted, sorted; the first ten.
    package var mountedBelow: [String]
    /// Whether it did not answer, so that nothing was looked at.
    package var isSilent: Bool

    package init(
      path: String, type: String, source: String = "", options: [String] = [],
      recoversLostLocks: Bool? = nil, leaseSeconds: Int? = nil, mountedBelow: [String] = [],
      isSilent: Bool = false
    ) {
      (self.path, self.type, self.source, self.options) = (path, type, source, options)
      (self.recoversLostLocks, self.leaseSeconds) = (recoversLostLocks, leaseSeconds)
      (self.mountedBelow, self.isSilent) = (mountedBelow, isSilent)
      version = option("vers")
      server =
        isNFS ? source.firstRange(of: ":/").map { String(source[..<$0.lowerBound]) } : option("mon_addr")
    }

    package var isNFS: Bool { Self.isNFS(type) }

    /// - Parameter type: as in mount(8).
    package static func isNFS(_ type: String) -> Bool { ["nfs", "nfs4"].contains(type) }

    /// Whether it is this host's alone.
    package var isLocal: Bool {
      [
        "ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "f2fs", "zfs", "overlay", "bcachefs",
        "reiserfs",
        "jfs", "vfat",
      ].contains(type)
    }

    /// The value of an option `NAME=VALUE`; nil without it.
    package func option(_ name: String) -> String? {
      options.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
  }
}
