import OceanBase
import OceanUIDL

/// Dovecot's `dovecot-uidlist` (lib-storage/index/maildir/maildir-uidlist.c).
///
/// Version 3 has a header `3 V<uidvalidity> N<next uid> G<mailbox guid> ...`, then lines `<uid> [<key><value>
/// ...] :<file name>`. The keys: P is the UIDL where the format would make a different one (empty: the base
/// name), O the place in POP3's order (messages with one come before those without), G the message's GUID
/// where it is not the base name, S and W sizes. Version 1 has `1 <uidvalidity> <next uid>`, then `<uid>
/// <file name>`; Courier IMAP's `courierimapuiddb` has the same form.
///
/// If two lines are about one file, the later one holds. The header's key P, a format for the whole mailbox,
/// is not read by any Dovecot.
struct DovecotUIDList: ForeignLineParser {
  private let format: DovecotUIDLFormat
  private var version: UInt64?
  private var validity: UInt32 = 0

  init(_ format: DovecotUIDLFormat) { self.format = format }

  mutating func parse(
    _ line: UnsafeRawBufferPointer, _ isWanted: (MessageName) -> Bool, _ body: (ForeignEntry) -> Void
  ) {
    var fields = FieldReader(line)
    if version == nil {
      parseHeader(&fields)
    } else if version == 1 || version == 3, validity > 0, let name = name(in: line), isWanted(name) {
      parseRecord(&fields, name, body)
    }
  }

  /// The file name of a line. It is looked at first, because for most lines nothing else is wanted.
  private func name(in line: UnsafeRawBufferPointer) -> MessageName? {
    var start = 0
    if version == 3 {
      // The first field that begins with a colon is the name; other fields may have colons in them.
      repeat {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":"), from: start) else { return nil }
        start = colon + 1
      } while start < 2 || line[start - 2] != UInt8(ascii: " ")
    } else {
      start = line.firstIndex(of: UInt8(ascii: " "), from: 0) ?? line.count
      while start < line.count, line[start] == UInt8(ascii: " ") { start += 1 }
    }
    let name = MessageName(UnsafeRawBufferPointer(rebasing: line[start...]))
    return name.base.isEmpty ? nil : name
  }

  /// Reads the header. If it is broken, `version` becomes one for which nothing is read: Dovecot throws such
  /// a file away.
  private mutating func parseHeader(_ fields: inout FieldReader) {
    version = fields.number() ?? 0
    if version == 1 {
      fields.skipSpaces()
      validity = fields.number().flatMap(UInt32.init(exactly:)) ?? 0
      return
    }
    while !fields.rest.isEmpty {
      fields.skipSpaces()
      let word = fields.word()
      if word.first == UInt8(ascii: "V") {
        var value = FieldReader(UnsafeRawBufferPointer(rebasing: word[1...]))
        validity = value.number().flatMap(UInt32.init(exactly:)) ?? 0
      }
    }
  }

  private func parseRecord(
    _ fields: inout FieldReader, _ name: MessageName, _ body: (ForeignEntry) -> Void
  ) {
    guard let uid = fields.number().flatMap(UInt32.init(exactly:)), uid > 0, fields.skip(" ") else { return }
    fields.skipSpaces()
    var (saved, guid): (UnsafeRawBufferPointer?, UnsafeRawBufferPointer?)
    var (order, octets, bytes): (UInt64?, UInt64?, UInt64?)
    if version == 3 {
      while !fields.skip(":") {
        let word = fields.word()
        guard let key = word.first else { return }
        let value = UnsafeRawBufferPointer(rebasing: word[1...])
        var number = FieldReader(value)
        switch Unicode.Scalar(key) {
        case "P": saved = value
        case "G": guid = value
        case "O": order = number.number()
        case "W": octets = number.number()
        case "S": bytes = number.number()
        default: break
        }
        fields.skipSpaces()
      }
    }
    guard !name.base.contains(UInt8(ascii: "/")) else { return }
    let rank = min(order ?? .max, UInt64(UInt32.max)) << 32 | UInt64(uid)
    func give(_ id: UnsafeRawBufferPointer) {
      body(ForeignEntry(name: name, id: id, rank: rank, octets: octets, bytes: bytes))
    }
    if let saved {
      give(saved.isEmpty ? name.base : saved)
    } else {
      let guid = guid.flatMap { $0.isEmpty ? nil : $0 } ?? name.base
      format.id(uid: uid, validity: validity, base: name.base, guid: guid).withUnsafeBytes(give)
    }
  }
}
