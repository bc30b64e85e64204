import Glibc

extension MaildirReading {
  /// Brings a folder up to date in which only these names may have changed.
  static func look(
    for names: Set<[UInt8]>, in folder: Folder, of maildir: borrowing OpenMaildir, _ merge: inout TableMerge
  ) throws(StoreError) {
    let previous = merge.previous
    merge.keep(folder)
    let visible = names.filter { $0.first != UInt8(ascii: ".") }
    // All names with the same base name are handled together: there may be any number of messages of it.
    for (base, names) in Dictionary(grouping: visible, by: { $0.prefix { $0 != UInt8(ascii: ":") } }) {
      var inodes: [[UInt8]: UInt64?] = [:]
      for name in names { inodes[name] = .some(try maildir.inode(of: name, in: folder)) }
      for position in previous.positions(ofBase: base) where previous.records[position].folder == folder {
        let name = previous.withName(of: position) { Array($0.bytes) }
        guard let inode = inodes[name] else { continue }
        if previous.records[position].inode == inode {
          inodes[name] = .some(nil)
        } else {
          merge.drop(position)
        }
      }
      for case (let name, let inode?) in inodes {
        name.withUnsafeBytes { bytes in
          let name = MessageName(bytes)
          let known = previous.position(of: name, inode)
          merge.add(name, inode: inode, folder: folder, known: known)
        }
        if merge.isTooLarge { throw .tooLarge(path: maildir.path) }
      }
    }
  }
}

extension MessageTable {
  fileprivate func positions(ofBase base: ArraySlice<UInt8>) -> Range<Int> {
    base.withUnsafeBytes { positions(of: MessageName($0)) }
  }
}

extension OpenMaildir {
  /// The inode of a file; nil unless it is a regular file.
  fileprivate func inode(of name: [UInt8], in folder: Folder) throws(StoreError) -> UInt64? {
    var status = stat()
    let result = (name + [0]).withUnsafeBytes {
      $0.withMemoryRebound(to: CChar.self) { name in
        name.baseAddress.map { fstatat(self[folder], $0, &status, AT_SYMLINK_NOFOLLOW) } ?? -1
      }
    }
    if result == 0 { return status.st_mode & S_IFMT == S_IFREG ? UInt64(status.st_ino) : nil }
    let code = errno
    guard code == ENOENT else {
      throw StoreError(.status, Self.path(of: folder, in: path), errno: code)
    }
    return nil
  }
}
