package import OceanAddresses

/// What the server remembers of a login: a session that has ended, or a login that failed.
///
/// It is a line of ``LoginTable``, with tabs between its fields:
///
///     S  TIME  ACCOUNT  SERVICE  ADDRESS  TLS  OUTCOME  MILLISECONDS  RETRIEVED  OCTETS  DELETED  [APP]
///     F  TIME  ACCOUNT  SERVICE  ADDRESS  TLS  OUTCOME  [APP  REASON]
package struct LoginRecord: Sendable, Hashable {
  /// What was done in a session.
  package struct Session: Sendable, Hashable {
    /// From the connection to its end.
    package let milliseconds: Int64
    /// The number of whole messages that were sent, and of those that were removed.
    package let retrieved: Int
    package let deleted: Int
    /// The octets of messages that were sent.
    package let octets: UInt64

    package init(milliseconds: Int64, retrieved: Int, octets: UInt64, deleted: Int) {
      (self.milliseconds, self.retrieved, self.octets, self.deleted) =
        (milliseconds, retrieved, octets, deleted)
    }
  }

  /// When the session ended or the login failed, in milliseconds since 1970.
  package let time: Int64
  /// The account's name, `user@domain`.
  package let account: String
  package let service: String
  package let peer: IPAddress
  /// The TLS version as the access log writes it; nil without TLS.
  package let tls: String?
  /// The outcome as the access log writes it.
  package let outcome: String
  /// Nil if the login failed.
  package let session: Session?
  /// The label of the app password; nil for the account's own password.
  package let app: String?
  /// Why the right password may not be used, in half a sentence; nil if that is not why the login failed.
  package let reason: String?

  package init(
    time: Int64, account: String, service: String, peer: IPAddress, tls: String?, outcome: String,
    session: Session?, app: String? = nil, reason: String? = nil
  ) {
    self.time = time
    self.account = account
    self.service = service
    self.peer = peer
    self.tls = tls
    self.outcome = outcome
    self.session = session
    self.app = app
    self.reason = session == nil ? reason : nil
  }
}

// MARK: - Lines

extension LoginRecord {
  static let tab = UInt8(ascii: "\t")
  static let lineEnd = UInt8(ascii: "\n")

  /// The outcome of a login that was refused before there was a password.
  package static let needsTLS = "needs_tls"

  var kind: Kind { session != nil ? .session : outcome == Self.needsTLS ? .untried : .failure }

  /// The line, with its end.
  package var line: [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(128)
    line.append(kind.rawValue)
    line.append(field: time)
    line.append(field: account)
    line.append(field: service)
    line.append(Self.tab)
    line.append(textOf: peer)
    line.append(field: tls ?? "-")
    line.append(field: outcome)
    if let session {
      line.append(field: session.milliseconds)
      line.append(field: Int64(session.retrieved))
      line.append(field: Int64(clamping: session.octets))
      line.append(field: Int64(session.deleted))
      if let app { line.append(field: app) }
    } else if app != nil || reason != nil {
      line.append(field: app ?? "-")
      line.append(field: reason ?? "-")
    }
    line.append(Self.lineEnd)
    return line
  }

  /// Reads a line without its end; nil for what `line` does not write.
  init?(_ line: UnsafeRawBufferPointer) {
    let fields = line.split(separator: Self.tab, omittingEmptySubsequences: false)
    guard let kind = line.first.flatMap(Kind.init(rawValue:)),
      fields.count == kind.fields || fields.count == kind.allFields
    else { return nil }
    let texts = fields.compactMap { String(validating: $0, as: UTF8.self) }
    guard texts.count == fields.count, texts[0].utf8.count == 1, let time = Int64(texts[1]),
      !texts[2].isEmpty, let peer = try? IPAddress(parsing: texts[4])
    else { return nil }
    var session: Session?
    if kind == .session {
      guard let milliseconds = Int64(texts[7]), let retrieved = Int(texts[8]), let octets = UInt64(texts[9]),
        let deleted = Int(texts[10])
      else { return nil }
      session = Session(milliseconds: milliseconds, retrieved: retrieved, octets: octets, deleted: deleted)
    }
    self.init(
      time: time, account: texts[2], service: texts[3], peer: peer, tls: texts[5] == "-" ? nil : texts[5],
      outcome: texts[6], session: session, app: Self.text(texts, kind.fields),
      reason: kind == .session ? nil : Self.text(texts, kind.fields + 1))
  }

  /// The field of that index; nil if it is not there, or stands for nothing.
  private static func text(_ texts: [String], _ index: Int) -> String? {
    texts.indices.contains(index) && texts[index] != "-" ? texts[index] : nil
  }

  /// The first octet of a line.
  enum Kind: UInt8 {
    case session = 0x53
    case failure = 0x46
    /// A login that was refused before there was a password: anybody can cause it, as often as he likes, so it has a place
    /// of its own.
    case untried = 0x55

    /// The fields that each line has, and those of a line that says more.
    fileprivate var fields: Int { self == .session ? 11 : 7 }
    fileprivate var allFields: Int { self == .session ? 12 : 9 }
  }

  /// The kind of a line, and the octets of its account, without reading the rest; nil for a line that has no
  /// such fields.
  static func head(
    of line: UnsafeRawBufferPointer
  ) -> (kind: Kind, account: UnsafeRawBufferPointer)? {
    guard line.count > 2, let kind = Kind(rawValue: line[0]), line[1] == tab,
      let start = line[2...].firstIndex(of: tab),
      let end = line[(start + 1)...].firstIndex(of: tab), end > start + 1
    else { return nil }
    return (kind, UnsafeRawBufferPointer(rebasing: line[(start + 1)..<end]))
  }
}

extension [UInt8] {
  /// - Parameter text: a name or a word. Neither has control characters; if one had, the line would be another.
  fileprivate mutating func append(field text: String) {
    append(LoginRecord.tab)
    guard text.utf8.contains(where: { $0 < 0x20 }) else { return append(contentsOf: text.utf8) }
    append(contentsOf: text.utf8.map { $0 < 0x20 ? UInt8(ascii: "?") : $0 })
  }

  /// Without a `String` for the digits, which costs more than the rest of the line.
  fileprivate mutating func append(field number: Int64) {
    append(LoginRecord.tab)
    if number < 0 { append(UInt8(ascii: "-")) }
    var (first, rest) = (count, number.magnitude)
    repeat {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    // They came from the last one on.
    var last = count - 1
    while first < last {
      swapAt(first, last)
      (first, last) = (first + 1, last - 1)
    }
  }
}
