/// The first account with each user's name, over several password files, of those that may log in and have no Maildir of
/// their own.
///
/// The names stay in the files.
package struct UserNameIndex {
  /// An account that has a name.
  package struct Owner {
    package let name: AccountName
    /// The number of the file, from 0 in the order in which they were added.
    package let file: Int
    package let line: Int
  }

  private let defaultDomain: [UInt8]
  private var files: [PasswdFile] = []
  private var index = NameIndex()
  /// The file's number in the upper half, the account's number in it in the lower.
  private var owners: [UInt64] = []

  package init(defaultDomain: String?) {
    self.defaultDomain = (defaultDomain.flatMap { AccountName.fold($0.utf8) } ?? "").utf8.map(\.self)
  }

  /// Adds a file.
  ///
  /// - Parameter report: is told each account that has the name of an earlier one in another domain.
  package mutating func add(
    _ file: PasswdFile, _ report: (_ first: () -> Owner?, _ second: () -> Owner?) -> Void
  ) {
    files.append(file)
    let this = UInt64(files.count - 1) << 32
    file.forEachAccountWithoutMaildir { number, name, at in
      let user = UnsafeRawBufferPointer(rebasing: name[..<(at ?? name.count)])
      let found = index.insert(NameIndex.hash(user)) { [files, owners] known in
        files[Int(owners[known] >> 32)].isUser(user, of: Int(owners[known] & 0xffff_ffff))
      }
      guard let found else {
        owners.append(this | UInt64(number))
        return
      }
      let first = owners[found]
      let other = files[Int(first >> 32)]
      guard
        !isSame(name, at, domainOf: Int(first & 0xffff_ffff), in: other)
      else { return }
      report({ owner(first) }, { owner(this | UInt64(number)) })
    }
  }

  private func isSame(
    _ name: UnsafeRawBufferPointer, _ at: Int?, domainOf number: Int, in file: PasswdFile
  ) -> Bool {
    guard let other = file.place(of: number)?.name else { return false }
    let theirs = other.domain.map { Array($0.utf8) } ?? defaultDomain
    guard let at else { return theirs == defaultDomain }
    return theirs.elementsEqual(name[(at + 1)...])
  }

  private func owner(_ place: UInt64) -> Owner? {
    let file = Int(place >> 32)
    return files[file].place(of: Int(place & 0xffff_ffff)).map {
      Owner(name: $0.name, file: file, line: $0.line)
    }
  }
}
