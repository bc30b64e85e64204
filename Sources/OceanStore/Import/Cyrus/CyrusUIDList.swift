/// The `dovecot-uidlist` of a Maildir that was made of a mailbox of Cyrus (its format is `DovecotUIDList`'s):
/// it gives each message the UID that it had.
struct CyrusUIDList: Equatable, Sendable {
  let validity: UInt32
  /// The UID of the next message that comes in by another way.
  var next: UInt32
  /// The UIDs and base names of messages, also of some that are no longer there.
  private(set) var names: [UInt32: String] = [:]

  init(validity: UInt32) { (self.validity, next) = (validity, 1) }

  /// Reads a list that an import has written, even if Dovecot has rewritten it since.
  ///
  /// - Throws: `foreignList` if there is a line that cannot come from an import.
  init(_ file: UnsafeRawBufferPointer) throws(CyrusImportError) {
    var lines = file.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
    if lines.last?.isEmpty ?? false { lines.removeLast() }
    guard let header = lines.popFirst(), let (validity, next) = Self.header(header) else {
      throw .foreignList(line: 1)
    }
    (self.validity, self.next) = (validity, next)
    for (index, line) in lines.enumerated() {
      var fields = FieldReader(UnsafeRawBufferPointer(rebasing: line))
      guard let number = fields.number(), fields.skip(" ") else { throw .foreignList(line: index + 2) }
      while !fields.rest.isEmpty, fields.rest.first != UInt8(ascii: ":") {
        _ = fields.word()
        fields.skipSpaces()
      }
      guard fields.skip(":") else { throw .foreignList(line: index + 2) }
      let base = MessageName(UnsafeRawBufferPointer(rebasing: fields.rest)).base
      guard let name = CyrusMessageName(base), name.validity == validity, UInt64(name.uid) == number else {
        throw .foreignList(line: index + 2)
      }
      names[name.uid] = String(decoding: base, as: UTF8.self)
    }
  }

  private static func header(_ line: Slice<UnsafeRawBufferPointer>) -> (validity: UInt32, next: UInt32)? {
    var fields = FieldReader(UnsafeRawBufferPointer(rebasing: line))
    guard fields.number() == 3, fields.skip(" ") else { return nil }
    var (validity, next): (UInt32?, UInt32?)
    while !fields.rest.isEmpty {
      let word = fields.word()
      var value = FieldReader(UnsafeRawBufferPointer(rebasing: word.dropFirst()))
      switch word.first {
      case UInt8(ascii: "V"): validity = value.number().flatMap(UInt32.init(exactly:))
      case UInt8(ascii: "N"): next = value.number().flatMap(UInt32.init(exactly:))
      default: break
      }
      fields.skipSpaces()
    }
    guard let validity, validity > 0, let next else { return nil }
    return (validity, next)
  }

  subscript(uid: UInt32) -> String? { names[uid] }

  mutating func add(_ uid: UInt32, _ base: String) { names[uid] = base }

  /// The list as a file.
  ///
  /// - Parameter idsAreUIDs: whether the unique ids of POP3 are the UIDs alone, whatever the format of all
  ///   mailboxes is.
  func bytes(idsAreUIDs: Bool) -> [UInt8] {
    var text = "3 V\(validity) N\(next)\n"
    for (uid, base) in names.sorted(by: { $0.key < $1.key }) {
      text += idsAreUIDs ? "\(uid) P\(uid) :\(base)\n" : "\(uid) :\(base)\n"
    }
    return Array(text.utf8)
  }
}
