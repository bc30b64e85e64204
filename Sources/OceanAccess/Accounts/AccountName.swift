/// The name of an account as logins and password files spell it: `anna` or `anna@example.org`.
///
/// ASCII letters are folded to lower case, like in Dovecot's default (`auth_username_format = %Lu`).
package struct AccountName: Sendable, Hashable {
  /// The whole name, folded.
  package let text: String
  private let at: String.Index?

  /// The part before the `@`, or the whole name.
  package var user: Substring { text[..<(at ?? text.endIndex)] }

  /// The part behind the `@`; nil without one.
  package var domain: Substring? { at.map { text[text.utf8.index(after: $0)...] } }

  package enum Flaw: Error, Hashable, Sendable {
    case empty
    case tooLong
    case notUTF8
    case controlCharacter
    case slash
    /// More than one `@`, or nothing on one side of it.
    case malformedAddress
    /// One part is `.` or `..`, which may not be in a path.
    case dots
  }

  /// Octets of the longest name: a command line has 255 (RFC 2449 §4), including `USER ` and CRLF.
  package static let maxLength = 248

  init(folding bytes: some Collection<UInt8>) throws(Flaw) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= Self.maxLength else { throw .tooLong }
    guard let text = Self.fold(bytes) else { throw .notUTF8 }
    // C0, DEL and C1.
    guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }) else {
      throw .controlCharacter
    }
    guard !text.utf8.contains(UInt8(ascii: "/")) else { throw .slash }

    self.text = text
    at = text.utf8.firstIndex(of: UInt8(ascii: "@"))
    guard text.utf8.count(where: { $0 == UInt8(ascii: "@") }) <= 1, at != text.startIndex,
      text.utf8.last != UInt8(ascii: "@")
    else { throw .malformedAddress }
    guard !Self.isDots(user), domain.map(Self.isDots) != true else { throw .dots }
  }

  /// The name `user@domain` for a bare name; nil if that is too long.
  func qualified(by domain: String) -> AccountName? { try? AccountName(folding: "\(user)@\(domain)".utf8) }

  /// Whether it looks like a name and nothing else. If the fields of a line are separated by something other
  /// than colons, what is taken for the name contains the password.
  package var isPresentable: Bool {
    text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...: true
      default: [UInt8](".-_+=@~&'".utf8).contains(byte)
      }
    }
  }

  /// The user without the domain.
  var withoutDomain: AccountName? { try? AccountName(folding: user.utf8) }

  private static func isDots(_ part: Substring) -> Bool {
    part.utf8.count <= 2 && part.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
  }

  /// The text with its ASCII capitals in lower case; nil if it is not UTF-8.
  static func fold(_ bytes: some Collection<UInt8>) -> String? {
    // Folded first, into contiguous memory: there the UTF-8 check looks at many bytes at a time.
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count) { folded in
      let end = folded.initialize(fromContentsOf: bytes)
      for index in folded.indices { folded[index] = fold(folded[index]) }
      return String(validating: UnsafeBufferPointer(rebasing: folded[..<end]), as: UTF8.self)
    }
  }

  /// The lower case of an ASCII capital; any other byte as it is.
  static func fold(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}

extension AccountName {
  /// Compares bytes, like password files and directories do. For `String`, a letter with an accent equals the
  /// letter with the accent behind it.
  package static func == (a: AccountName, b: AccountName) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

  package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension AccountName: CustomStringConvertible {
  package var description: String { text }
}
