import CLinux
import Glibc

/// The messages of a Maildir as of one reading, in order of delivery, in some fifty bytes each. Immutable
/// once it is built.
///
/// A message is its base name and inode: what keeps both through renames is the same message. Two names of
/// one inode are one message (a delivery or a rename interrupted between link and unlink); two inodes of one
/// base name are two.
struct MessageTable: Sendable {
  /// The most memory a table may take: more than five million messages.
  static let maximumBytes = 256 << 20

  private(set) var records: [MessageRecord] = []
  /// Each message's unique id, if it has one of its own, and its name.
  private(set) var strings = PackedStrings()

  init() {}

  /// - Parameter records: in order; their strings follow each other in `strings`.
  init(records: [MessageRecord], strings: PackedStrings) { (self.records, self.strings) = (records, strings) }

  var count: Int { records.count }

  var byteCount: Int { records.count * MemoryLayout<MessageRecord>.stride + strings.byteCount }

  func withName<R>(of position: Int, _ body: (MessageName) -> R) -> R {
    strings.withString(at: nameStart(of: position)) { body(MessageName($0)) }
  }

  /// The name for system calls. It is empty, which no file's name is, if it would lead out of the folder. No
  /// folder contains such a name, but somebody who can write an index beside the mail might.
  func withCName<R>(of position: Int, _ body: (UnsafePointer<CChar>) -> R) -> R {
    strings.withString(at: nameStart(of: position)) { name in
      name.withMemoryRebound(to: CChar.self) { characters in
        // The address is never nil, and a 0 is behind the name.
        guard let start = characters.baseAddress, strchr(start, 0x2F) == nil else {
          return "".withCString(body)
        }
        return body(start)
      }
    }
  }

  /// The unique id that the message was given, if it is not made of its name.
  func withAssignedID<R>(of position: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
    guard records[position].flags.contains(.assigned) else { return nil }
    return strings.withString(at: records[position].start) { body($0) }
  }

  func withUIDL<R>(of position: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let record = records[position]
    // Checked again, because an index must not be able to put lines into a reply.
    if record.flags.contains(.assigned),
      let result = strings.withString(at: record.start, { UniqueID.isSendable($0) ? body($0) : nil })
    {
      return result
    }
    let inode = record.flags.contains(.copy) ? record.inode : nil
    return withName(of: position) { UniqueID.with(base: $0.base, copy: inode, body) }
  }

  private func nameStart(of position: Int) -> Int {
    let record = records[position]
    return record.flags.contains(.assigned) ? strings.end(of: record.start) : record.start
  }

  /// The packed strings of consecutive messages.
  private func stringRange(of positions: Range<Int>, in strings: PackedStrings) -> Range<Int> {
    func start(_ position: Int) -> Int { position < count ? records[position].start : strings.bytes.count }
    let (first, end) = (start(positions.lowerBound), start(positions.upperBound))
    // Anything else means that an index file is wrong.
    return first <= end && end <= strings.bytes.count ? first..<end : 0..<0
  }

  /// The path `maildir/cur/name`, for people: bytes that are not UTF-8 show as U+FFFD.
  func path(of position: Int, in maildir: String) -> String {
    let name = withName(of: position) { String(decoding: $0.bytes, as: UTF8.self) }
    return OpenMaildir.path(of: records[position].folder, in: maildir) + "/" + name
  }

  /// Compares a message with one of that name and inode: negative if it sorts before, zero if it is that
  /// message, positive if it sorts behind.
  func compare(_ position: Int, with name: MessageName, _ inode: UInt64) -> Int {
    withName(of: position) { $0.compare(with: name) } ?? Self.compare(records[position].inode, inode)
  }

  static func compare(_ inode: UInt64, _ other: UInt64) -> Int { inode == other ? 0 : inode < other ? -1 : 1 }

  /// The first message that does not sort before the one of that name and inode.
  func lowerBound(of name: MessageName, _ inode: UInt64) -> Int {
    (0..<count).lowerBound { compare($0, with: name, inode) < 0 }
  }

  /// The message of that base name and inode; nil if it is not in the table.
  func position(of name: MessageName, _ inode: UInt64) -> Int? {
    let position = lowerBound(of: name, inode)
    return position < count && compare(position, with: name, inode) == 0 ? position : nil
  }

  /// The position in this table of a message of another one; nil if it is gone.
  func position(of position: Int, in other: MessageTable) -> Int? {
    other.withName(of: position) { self.position(of: $0, other.records[position].inode) }
  }

  /// The messages of one base name.
  func positions(of name: MessageName) -> Range<Int> {
    let first = lowerBound(of: name, 0)
    var end = first
    while end < count, withName(of: end, { $0.compare(with: name) == nil }) { end += 1 }
    return first..<end
  }

  mutating func setSize(_ size: MessageSize, of position: Int) { records[position].messageSize = size }

  mutating func setFlag(_ flag: MessageRecord.Flags, of position: Int, to isSet: Bool) {
    if isSet { records[position].flags.insert(flag) } else { records[position].flags.remove(flag) }
  }

  /// Forgets which messages have other names as well.
  ///
  /// - Returns: whether any message had.
  mutating func unlink() -> Bool {
    let linked = records.indices.filter { records[$0].flags.contains(.linked) }
    for position in linked { setFlag(.linked, of: position, to: false) }
    return !linked.isEmpty
  }

  /// Appends a message that sorts behind all others, with its strings as they are in another table.
  mutating func append(_ record: MessageRecord, stringsAt range: Range<Int>, of other: PackedStrings) {
    var record = record
    record.start = strings.bytes.count
    strings.append(range, of: other)
    records.append(record)
  }

  /// Appends messages of another table, whose templates this table has taken over.
  mutating func append(_ positions: Range<Int>, of other: MessageTable) {
    let range = other.stringRange(of: positions, in: other.strings)
    let distance = strings.bytes.count &- range.lowerBound
    strings.append(range, of: other.strings)
    let first = records.count
    records.append(contentsOf: other.records[positions])
    guard distance != 0 else { return }
    for position in first..<records.count { records[position].start &+= distance }
  }

  mutating func reserve(_ count: Int, bytes: Int, templatesOf other: PackedStrings) {
    records.reserveCapacity(count)
    records.withUnsafeMutableBytes {
      linux_expect_use($0.baseAddress, count * MemoryLayout<MessageRecord>.stride)
    }
    strings.adoptTemplates(of: other)
    strings.reserveCapacity(bytes)
  }

  /// The change of a message's unique id.
  struct IDChange: Equatable {
    private let code: UInt32

    static let keep = IDChange(code: 0)
    static let remove = IDChange(code: 1)
    /// The string at that position of the new ids.
    static func set(_ start: Int) -> IDChange { IDChange(code: UInt32(truncatingIfNeeded: start &+ 2)) }

    var start: Int? { code < 2 ? nil : Int(code - 2) }
  }

  /// Gives messages other unique ids. The strings are written again and the records changed where they are,
  /// so that there is never a second copy of a large table.
  ///
  /// - Parameter changes: one for each of the messages at those positions.
  mutating func changeIDs(_ changes: [IDChange], of positions: Positions, _ ids: PackedStrings) {
    guard changes.contains(where: { $0 != .keep }) else { return }
    let old = strings
    strings = PackedStrings()
    strings.adoptTemplates(of: old)
    // An id's template may have a number here that takes a byte more.
    strings.reserveCapacity(old.bytes.count + ids.bytes.count + changes.count)
    var templates = TemplateIndex(of: strings)
    var next = 0
    for (change, position) in zip(changes, positions) where change != .keep {
      moveStrings(of: next..<position, from: old)
      let range = stringRange(of: position..<position + 1, in: old)
      let name =
        records[position].flags.contains(.assigned) ? old.end(of: range.lowerBound) : range.lowerBound
      records[position].start = strings.bytes.count
      records[position].flags.remove(.assigned)
      if let start = change.start {
        ids.withString(at: start) { strings.append($0, &templates) }
        records[position].flags.insert(.assigned)
      }
      strings.append(min(name, range.upperBound)..<range.upperBound, of: old)
      next = position + 1
    }
    moveStrings(of: next..<count, from: old)
  }

  private mutating func moveStrings(of positions: Range<Int>, from old: PackedStrings) {
    let range = stringRange(of: positions, in: old)
    let distance = strings.bytes.count &- range.lowerBound
    strings.append(range, of: old)
    for position in positions { records[position].start &+= distance }
  }
}
