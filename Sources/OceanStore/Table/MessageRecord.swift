/// The data of one message besides its name: 24 bytes, the same in memory and in an index file.
struct MessageRecord: BitwiseCopyable, Equatable, Sendable {
  /// The inode as readdir reports it; some stacked file systems report a different one by stat.
  let inode: UInt64
  /// The size (see `MessageSize`): 40 bits for the bytes in the file, 24 for the mark.
  private var size: UInt64
  /// 32 bits for the start of the message's strings in the table's, 4 for flags, 28 for what the wire adds to
  /// the bytes.
  private var place: UInt64

  struct Flags: OptionSet, Sendable {
    let rawValue: UInt8
    /// The message is in cur/, not in new/.
    static let cur = Flags(rawValue: 1)
    /// Another name of this inode is in the same Maildir.
    static let linked = Flags(rawValue: 2)
    /// Another message has the same base name, and the unique id made of it.
    static let copy = Flags(rawValue: 4)
    /// The strings begin with the message's unique id, which is not made of its name.
    static let assigned = Flags(rawValue: 8)
  }

  init(inode: UInt64, start: Int, flags: Flags, size: MessageSize) {
    self.inode = inode
    self.size = 0
    place = UInt64(truncatingIfNeeded: start) << 32 | UInt64(flags.rawValue & 15) << 28
    self.messageSize = size
  }

  /// Makes a record of the words in an index file.
  init(inode: UInt64, size: UInt64, place: UInt64) {
    (self.inode, self.size, self.place) = (inode, size, place)
  }

  var words: (UInt64, UInt64, UInt64) { (inode, size, place) }

  var start: Int {
    get { Int(place >> 32) }
    set { place = place & 0xFFFF_FFFF | UInt64(truncatingIfNeeded: newValue) << 32 }
  }

  var flags: Flags {
    get { Flags(rawValue: UInt8(truncatingIfNeeded: place >> 28) & 15) }
    set { place = place & ~(15 << 28) | UInt64(newValue.rawValue & 15) << 28 }
  }

  var folder: Folder { flags.contains(.cur) ? .cur : .new }

  var messageSize: MessageSize {
    get {
      MessageSize(
        bytes: size & MessageSize.maxBytes, added: place & MessageSize.maxAdded,
        mark: UInt32(truncatingIfNeeded: size >> 40))
    }
    set {
      size = newValue.bytes | UInt64(newValue.mark) << 40
      place = place & ~MessageSize.maxAdded | newValue.added
    }
  }
}

/// A message's length, in the file and on the wire, and how it is known.
struct MessageSize: Equatable, Sendable {
  static let maxBytes: UInt64 = 1 << 40 - 1
  static let maxAdded: UInt64 = 1 << 28 - 1

  /// The bytes in the file.
  let bytes: UInt64
  /// How many octets more it takes on the wire.
  let added: UInt64
  /// `unknown`, `claimed`, or made of the counted file's mtime: another mtime has another mark, except for
  /// one chance in sixteen million.
  let mark: UInt32

  /// The octets are a guess: the file could not be read.
  private static let unknown: UInt32 = 0
  /// The octets are what the file's name or another server's list says.
  private static let claimed: UInt32 = 1

  fileprivate init(bytes: UInt64, added: UInt64, mark: UInt32) {
    (self.bytes, self.added, self.mark) = (bytes, added, mark)
  }

  var octets: UInt64 { bytes + added }

  var isKnown: Bool { mark != Self.unknown }

  /// Whether the octets are another program's claim.
  var isClaimed: Bool { mark == Self.claimed }

  var isCounted: Bool { mark > Self.claimed }

  /// Whether this was counted in a file of that length and mtime.
  func wasCounted(bytes: UInt64, modified: Int64) -> Bool {
    isCounted && self.bytes == bytes && mark == Self.mark(modified)
  }

  /// A counted size. A message beyond a tebibyte, or with more than a quarter of a billion bare line ends, is
  /// listed with its size in the file, and counted whenever it is wanted.
  static func counted(bytes: UInt64, octets: UInt64, modified: Int64) -> MessageSize {
    guard bytes <= maxBytes, octets >= bytes, octets - bytes <= maxAdded else { return guess(bytes: bytes) }
    return MessageSize(bytes: bytes, added: octets - bytes, mark: mark(modified))
  }

  static func guess(bytes: UInt64) -> MessageSize {
    MessageSize(bytes: min(bytes, maxBytes), added: 0, mark: unknown)
  }

  /// A claimed size, unless it cannot be true: on the wire a byte is one octet, or two if it is an LF without
  /// its CR, and a message without a line end at its end gets one.
  ///
  /// - Parameter bytes: nil if the bytes are not known.
  static func claim(octets: UInt64, bytes: UInt64?) -> MessageSize? {
    guard octets <= maxBytes else { return nil }
    guard let bytes else { return MessageSize(bytes: octets, added: 0, mark: claimed) }
    guard octets >= bytes, octets - bytes <= min(bytes + 1, maxAdded) else { return nil }
    switch bytes {
    case 0 where octets > 0, 1 where octets == 1: return nil
    default: return MessageSize(bytes: bytes, added: octets - bytes, mark: claimed)
    }
  }

  private static func mark(_ modified: Int64) -> UInt32 {
    let mixed = UInt64(bitPattern: modified) &* 0x9E37_79B1_85EB_CA87
    return max(UInt32(truncatingIfNeeded: mixed >> 40), claimed + 1)
  }
}
