import Glibc

extension MaildirReading {
  /// Brings a folder up to date of which only these names may have changed.
  static func look(
    for names: Set<[UInt8]>, in folder: Folder, of maildir: borrowing OpenMaildir, _ merge: inout TableMerge
  ) throws(StoreError) {
    let previous = merge.previous
    merge.keep(folder)
    for name in names where name.first != UInt8(ascii: ".") {
      let inode = try maildir.inode(of: name, in: folder)
      var known: Int?
      var isThere = false
      for position in positions(of: name, in: previous) {
        let record = previous.records[position]
        if record.folder == folder, previous.hasName(name, at: position) {
          if record.inode == inode { isThere = true } else { merge.drop(position) }
        } else if record.inode == inode {
          known = position
        }
      }
      guard let inode, !isThere else { continue }
      name.withUnsafeBytes { merge.add(MessageName($0), inode: inode, folder: folder, known: known) }
      if merge.isTooLarge { throw .tooLarge(path: maildir.path) }
    }
  }

  private static func positions(of name: [UInt8], in table: MessageTable) -> Range<Int> {
    name.withUnsafeBytes { table.positions(of: MessageName($0)) }
  }
}

extension MessageTable {
  fileprivate func hasName(_ name: [UInt8], at position: Int) -> Bool {
    name.withUnsafeBytes { name in withName(of: position) { $0.isEqual(to: MessageName(name)) } }
  }
}

extension OpenMaildir {
  /// Nil unless it is a regular file.
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
