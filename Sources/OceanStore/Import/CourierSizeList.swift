/// Courier's `courierpop3dsizelist` (imap/pop3dserver.c), which holds sizes and, since version 1, ids.
///
/// A header `/<version> <next uid> [<uid validity>]`, then lines `<file name> <size> <uid>`, in version 2
/// `... <uid>:<uid validity>`, in version 3 `... <uid>:<uid validity>:<is UTF-8>`. The UIDL is `UID<uid>-<uid
/// validity>`, without the latter if it is 0 or missing. If there is no uid, as everywhere in a file without
/// a header (version 0), the UIDL is the base name. Octets that may not be in a UIDL are written as `+` and
/// two hexadecimal digits.
///
/// The lines are in the order of messages. Courier counts a missing last line end only sometimes, so sizes
/// are claims.
struct CourierSizeList: ForeignLineParser {
  private var isFirst = true
  private var rank: UInt64 = 0

  mutating func parse(
    _ line: UnsafeRawBufferPointer, _ isWanted: (MessageName) -> Bool, _ body: (ForeignEntry) -> Void
  ) {
    defer { isFirst = false }
    if isFirst, line.first == UInt8(ascii: "/") { return }
    // The name may have spaces in it.
    guard let numbers = Self.split(line) else { return }
    var fields = FieldReader(UnsafeRawBufferPointer(rebasing: line[(numbers.name.count + 1)...]))
    guard let size = fields.number() else { return }
    var (uid, validity): (UInt64, UInt64) = (0, 0)
    if fields.skip(" ") {
      guard let number = fields.number() else { return }
      uid = number
      if fields.skip(":") { validity = fields.number() ?? 0 }
    }
    let name = MessageName(numbers.name)
    guard !name.base.isEmpty, !name.base.contains(UInt8(ascii: "/")) else { return }
    defer { rank += 1 }
    guard isWanted(name) else { return }
    let id: [UInt8] =
      uid == 0
      ? Self.escaped(name.base) : Array(validity == 0 ? "UID\(uid)".utf8 : "UID\(uid)-\(validity)".utf8)
    id.withUnsafeBytes {
      body(ForeignEntry(name: name, id: $0, rank: rank, octets: size, bytes: nil))
    }
  }

  /// Splits a line: the file name is what comes before the numbers at its end: one number in version 0, else
  /// two.
  private static func split(
    _ line: UnsafeRawBufferPointer
  ) -> (name: UnsafeRawBufferPointer, count: Int)? {
    var end = line.endIndex
    var name: UnsafeRawBufferPointer?
    var count = 0
    while count < 2, let space = line[..<end].lastIndex(of: 0x20) {
      let field = line[(space + 1)..<end]
      guard !field.isEmpty, field.allSatisfy({ 0x30...0x39 ~= $0 || count == 0 && $0 == UInt8(ascii: ":") })
      else { break }
      name = UnsafeRawBufferPointer(rebasing: line[..<space])
      end = space
      count += 1
    }
    return name.map { ($0, count) }
  }

  private static func escaped(_ base: UnsafeRawBufferPointer) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    var id: [UInt8] = []
    for byte in base {
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "+"), ..<0x21, 0x7F...:
        id += [UInt8(ascii: "+"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: id.append(byte)
      }
    }
    return id
  }
}
