package import OceanUIDL

/// The source of unique ids (RFC 1939 §7, UIDL) and of the order of messages.
///
/// Another server's ids are taken over once, when a message is first seen, and kept in the index from then
/// on: whatever that server writes later, a message keeps the id it was given. A message that is not in the
/// other server's list has an id made of its file's name.
package enum UIDLScheme: Equatable, Sendable {
  /// Ids are made of file names; the order is that of delivery. Messages that came from another server while
  /// one of the other schemes was set keep their ids and places.
  case ocean
  /// The ids of a Dovecot that has, or had, this Maildir (`dovecot-uidlist`). It may go on serving it by
  /// IMAP: its file is only read. Also for Maildirs that were converted from Cyrus with their UIDs, which are
  /// in the same file: Cyrus's format is `DovecotUIDLFormat.cyrus`.
  case dovecot(DovecotUIDLFormat)
  /// The ids of Courier's POP3 server (`courierpop3dsizelist`).
  case courier

  /// A number that tells schemes apart in an index; 0 for ocean's own.
  var identity: UInt64 {
    var text: String
    switch self {
    case .ocean: return 0
    case .dovecot(let format): text = "dovecot " + format.description
    case .courier: text = "courier"
    }
    return text.withUTF8 { max(XXHash.hash(UnsafeRawBufferPointer($0)), 1) }
  }

  /// The other server's list in a Maildir; nil for ocean's own scheme.
  var list: ForeignList? {
    switch self {
    case .ocean: nil
    case .dovecot(let format): ForeignList(name: "dovecot-uidlist") { DovecotUIDList(format) }
    case .courier: ForeignList(name: "courierpop3dsizelist") { CourierSizeList() }
    }
  }
}
