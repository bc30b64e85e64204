/// The name that a message of Cyrus gets in a Maildir: its time, and its identity.
///
/// `1700000001.V1275660208U0000005709.cyrus,S=1234,W=1234`: internal date, UIDVALIDITY and UID. The UID has
/// ten digits, so that messages of the same second sort by it.
struct CyrusMessageName: Equatable, Sendable {
  let validity: UInt32
  let uid: UInt32

  init(validity: UInt32, uid: UInt32) { (self.validity, self.uid) = (validity, uid) }

  /// - Parameter name: a file's name; nil if it does not have this form.
  init?(_ name: UnsafeRawBufferPointer) {
    var fields = FieldReader(name)
    guard fields.number() != nil, fields.skip("."), fields.skip("V"),
      let validity = fields.number().flatMap(UInt32.init(exactly:)), fields.skip("U"),
      let uid = fields.number().flatMap(UInt32.init(exactly:)),
      fields.rest.starts(with: ".cyrus,".utf8)
    else { return nil }
    self.init(validity: validity, uid: uid)
  }

  init?(_ name: String) {
    var name = name
    guard let message = name.withUTF8({ CyrusMessageName(UnsafeRawBufferPointer($0)) }) else { return nil }
    self = message
  }

  /// - Parameters:
  ///   - size: the size of the file in bytes.
  ///   - octets: the octets with CRLF at each end of a line.
  func base(internalDate: UInt32, size: UInt64, octets: UInt64) -> String {
    let digits = String(uid)
    let zeros = String(repeating: "0", count: 10 - digits.utf8.count)
    return "\(internalDate).V\(validity)U\(zeros)\(digits).cyrus,S=\(size),W=\(octets)"
  }
}

extension MessageName {
  /// The part of a file name before the flags.
  static func base(of name: String) -> String {
    name.firstIndex(of: ":").map { String(name[..<$0]) } ?? name
  }
}
