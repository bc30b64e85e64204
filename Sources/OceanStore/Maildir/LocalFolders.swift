import CLinux

/// Identities of a Maildir's new/ and cur/, if they are on this machine's own disks. With them an event loop
/// can tell that a descriptor is of one of these folders, before any call that could wait for another file
/// system.
struct LocalFolders: Sendable {
  private var new: linux_identity?
  private var cur: linux_identity?

  init() {}

  init(_ maildir: borrowing OpenMaildir) {
    guard maildir.isLocal else { return }
    for folder in [Folder.new, .cur] { self[folder] = Self.identity(of: maildir[folder]) }
  }

  /// Nil if the folder is unknown, or on another file system.
  subscript(folder: Folder) -> linux_identity? {
    get { folder == .new ? new : cur }
    set { if folder == .new { new = newValue } else { cur = newValue } }
  }

  /// A folder's identity, by whatever mount it is found.
  struct Key: Hashable {
    private let device: UInt64
    private let type: Int32
    private let handle: [UInt8]

    fileprivate init(_ device: UInt64, _ identity: linux_identity) {
      (self.device, type) = (device, identity.type)
      handle = withUnsafeBytes(of: identity.handle) { Array($0.prefix(Int(identity.count))) }
    }
  }

  /// - Parameter state: the state of the same folders.
  func keys(_ state: MaildirState) -> [Key] {
    [Folder.new, .cur].compactMap { folder in
      guard let stamp = state[folder].stamp, let identity = self[folder] else { return nil }
      return Key(stamp.device, identity)
    }
  }

  private static func identity(of directory: Int32) -> linux_identity? {
    guard directory >= 0 else { return nil }
    var identity = linux_identity()
    return linux_identify(directory, &identity) == 0 ? identity : nil
  }
}
