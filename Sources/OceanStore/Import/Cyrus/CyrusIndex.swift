/// A mailbox's messages as Cyrus IMAP knows them: its file `cyrus.index` (imap/mailbox.h), in the versions 12
/// to 17, which Cyrus 2.4 to 3.8 write.
///
/// It consists of a header and, behind it, the records of the messages in the order of their UIDs. Numbers
/// are unsigned, of 32 bits and with the most significant byte first. Header and records end with the CRC-32
/// of the bytes before it.
///
///     header  8 version  12 its size  20 number of records  28 last UID given  44 UIDVALIDITY
///             16 size of a record  60 options  112 since version 13: POP3 shows only newer messages
///     record  0 UID  4 internal date, in seconds since 1970  32 flags
///
/// A message that was expunged keeps its record, and often its file, for days. Versions before 12, of Cyrus
/// 2.3, keep neither checksums nor what has been seen. From version 19 on, which came after Cyrus 3.8, fields
/// are elsewhere.
package struct CyrusIndex: Equatable, Sendable {
  /// Why a file cannot be read.
  package enum Issue: Error, Equatable, Sendable {
    /// The file is too short, or its sizes are those of no version.
    case notAnIndex
    case version(UInt32)
    /// The file ends before the header says so.
    case cutOff
    /// The content contradicts its checksum or itself. Nil means the header; else the number of the record,
    /// from 1.
    case damaged(record: Int?)
  }

  /// A message that is not expunged.
  package struct Message: Equatable, Sendable {
    package let uid: UInt32
    /// Seconds since 1970.
    package let internalDate: UInt32
    fileprivate let flags: UInt32

    /// Whether its file is on the archive partition.
    package var isArchived: Bool { flags & 1 << 29 != 0 }

    /// The flags in the form of a Maildir's file names: letters, sorted.
    package var letters: String {
      let letters: [(bit: UInt32, letter: String)] = [(3, "D"), (1, "F"), (0, "R"), (4, "S"), (2, "T")]
      return letters.reduce("") { $0 + (flags & 1 << $1.bit != 0 ? $1.letter : "") }
    }
  }

  package let validity: UInt32
  /// The last UID that was given to a message, whatever became of the message; below the highest possible
  /// UID.
  package let lastUID: UInt32
  /// Whether the unique ids of POP3 are the UIDs alone, whatever `uidl_format` says: the mailbox is from
  /// before Cyrus 2.1, and has never been empty since.
  package let idsAreUIDs: Bool
  /// POP3 shows only messages with a later internal date (the annotation `pop3showafter`); 0 for all
  /// messages.
  package let hiddenUntil: UInt32
  package private(set) var messages: [Message] = []

  /// - Parameter file: the whole file.
  package init(_ file: UnsafeRawBufferPointer) throws(Issue) {
    let layout = try Layout(file)
    validity = file.number(at: 44)
    lastUID = file.number(at: 28)
    idsAreUIDs = file.number(at: 60) & 1 == 0
    hiddenUntil = layout.version >= 13 ? file.number(at: 112) : 0
    guard validity > 0, lastUID < .max else { throw .damaged(record: nil) }
    guard layout.count <= (file.count - layout.header) / layout.record else { throw .cutOff }
    var previous: UInt32 = 0
    for number in 0..<layout.count {
      let start = layout.header + number * layout.record
      let record = UnsafeRawBufferPointer(rebasing: file[start..<start + layout.record])
      let uid = record.number(at: 0)
      guard record.isIntact, uid > previous, uid <= lastUID else { throw .damaged(record: number + 1) }
      previous = uid
      let flags = record.number(at: 32)
      if flags & Self.expunged != 0 { continue }
      messages.append(Message(uid: uid, internalDate: record.number(at: 4), flags: flags))
    }
  }

  /// The flags of messages that are expunged: the file is removed, or is about to be.
  private static let expunged: UInt32 = 1 << 31 | 1 << 30

  /// The positions and sizes in a file.
  private struct Layout {
    let version: UInt32
    /// Sizes in bytes.
    let header: Int
    let record: Int
    let count: Int

    /// Checks the header, whose fields can be read from then on.
    init(_ file: UnsafeRawBufferPointer) throws(Issue) {
      guard file.count >= 24 else { throw .notAnIndex }
      version = file.number(at: 8)
      header = Int(file.number(at: 12))
      record = Int(file.number(at: 16))
      count = Int(file.number(at: 20))
      // The first numbers of another kind of file are hardly so small.
      guard 1...99 ~= version, 24...999 ~= header, 24...999 ~= record else { throw .notAnIndex }
      let sizes: (header: Int, record: Int)
      switch version {
      case 12: sizes = (128, 96)
      case 13: sizes = (128, 104)
      case 14, 15: sizes = (160, 104)
      case 16, 17: sizes = (160, 112)
      default: throw .version(version)
      }
      guard sizes == (header, record), file.count >= header,
        UnsafeRawBufferPointer(rebasing: file[..<header]).isIntact
      else { throw .damaged(record: nil) }
    }
  }
}

extension CyrusIndex.Issue: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notAnIndex: "cyrus.index is not an index of Cyrus"
    case .version(let version):
      "cyrus.index has version \(version); only 12 to 17 are understood, of Cyrus 2.4 to 3.8: Cyrus's 'reconstruct -V 17' "
        + "converts it"
    case .cutOff: "cyrus.index is cut off: Cyrus's 'reconstruct' repairs it"
    case .damaged(nil): "the header of cyrus.index is damaged: Cyrus's 'reconstruct' repairs it"
    case .damaged(let record?): "record \(record) of cyrus.index is damaged: Cyrus's 'reconstruct' repairs it"
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether the last four bytes are the checksum of the others.
  fileprivate var isIntact: Bool {
    CRC32.checksum(UnsafeRawBufferPointer(rebasing: dropLast(4))) == number(at: count - 4)
  }

  /// - Parameter offset: at least four bytes before the end.
  fileprivate func number(at offset: Int) -> UInt32 {
    UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
