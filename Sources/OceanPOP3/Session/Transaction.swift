import NIOCore

/// The TRANSACTION state (RFC 1939 §5): a mailbox, the session's marks on it, and the reply that is on its
/// way.
struct Transaction {
  private enum Activity {
    case idle
    case listing(Listing)
    case opening(index: Int, lines: Int?)
    case sending(index: Int, lines: Int?)
  }

  private let drop: any Maildrop
  private let implementation: String?
  private(set) var marks = MessageMarks()
  private var activity = Activity.idle

  /// The values of STAT: the number of messages not marked as deleted, and their octets.
  private var count: Int
  private var octets: UInt64

  init(_ drop: any Maildrop, implementation: String?) {
    self.drop = drop
    self.implementation = implementation
    count = drop.count
    octets = drop.totalOctets
  }

  /// Whether a reply is under way that a line in between would corrupt.
  var isMidReply: Bool {
    switch activity {
    case .idle, .opening: false
    case .listing, .sending: true
    }
  }

  /// Goes on with what is under way; nil if nothing is.
  mutating func resume(output: inout ByteBuffer) -> Action? {
    switch activity {
    case .idle:
      return nil
    case .listing(var listing):
      let isLast = listing.write(drop, without: marks.deleted, into: &output)
      activity = isLast ? .idle : .listing(listing)
      return .proceed
    case .opening, .sending:
      return .wait
    }
  }

  /// Executes one command. After `update` this state is over.
  mutating func execute(_ command: Command, output: inout ByteBuffer) -> Action {
    switch command {
    case .stat:
      output.writeStaticString("+OK ")
      output.writeDecimal(count)
      output.writeStaticString(" ")
      output.writeDecimal(octets)
      output.writeStaticString("\r\n")
    case .list(nil):
      writeSummary(into: &output)
      activity = .listing(Listing(.octets))
    case .uidl(nil):
      output.writeOK("unique ids follow")
      activity = .listing(Listing(.uniqueIDs))
    case .list(let number?):
      describe(number, .octets, output: &output)
    case .uidl(let number?):
      describe(number, .uniqueIDs, output: &output)
    case .retr(let number):
      return open(number, lines: nil, output: &output)
    case .top(let number, let lines):
      return open(number, lines: lines, output: &output)
    case .dele(let number):
      delete(number, output: &output)
    case .rset:
      reset(output: &output)
    case .noop:
      output.writeOK("nothing done")
    case .capa:
      Capabilities(user: false, mechanisms: [], startTLS: false, implementation: implementation)
        .write(into: &output)
    case .quit:
      return .update(marks)
    case .auth, .user, .pass, .stls:
      output.writeError("already logged in")
    }
    return .proceed
  }
}

extension Transaction {
  /// Writes the reply to the login, which is also the first line of LIST.
  func writeSummary(into output: inout ByteBuffer) {
    output.writeStaticString("+OK ")
    output.writeDecimal(count)
    output.writeStaticString(" messages (")
    output.writeDecimal(octets)
    output.writeStaticString(" octets)\r\n")
  }

  /// The index of a message that is there and not marked as deleted; otherwise replies and returns nil.
  private func index(of number: Int, output: inout ByteBuffer) -> Int? {
    guard number >= 1, number <= drop.count else {
      output.writeError("no such message")
      return nil
    }
    guard !marks.deleted.contains(number - 1) else {
      output.writeError("message is deleted")
      return nil
    }
    return number - 1
  }

  /// Executes LIST or UIDL for one message.
  private func describe(_ number: Int, _ kind: Listing.Kind, output: inout ByteBuffer) {
    guard let index = index(of: number, output: &output) else { return }
    output.writeStaticString("+OK ")
    kind.write(index, of: drop, into: &output)
  }

  private mutating func delete(_ number: Int, output: inout ByteBuffer) {
    guard let index = index(of: number, output: &output) else { return }
    marks.deleted.insert(index)
    count -= 1
    octets &-= drop.octets(of: index)
    output.writeOK("message is deleted")
  }

  private mutating func reset(output: inout ByteBuffer) {
    marks.deleted = MessageSet()
    count = drop.count
    octets = drop.totalOctets
    output.writeOK("no message is deleted")
  }

  // MARK: RETR and TOP

  private mutating func open(_ number: Int, lines: Int?, output: inout ByteBuffer) -> Action {
    guard let index = index(of: number, output: &output) else { return .proceed }
    activity = .opening(index: index, lines: lines)
    return .open(message: index, lines: lines)
  }

  mutating func messageOpened(octets: UInt64, output: inout ByteBuffer) {
    guard case .opening(let index, let lines) = activity else { return }
    activity = .sending(index: index, lines: lines)
    if lines == nil {
      output.writeStaticString("+OK ")
      output.writeDecimal(octets)
      output.writeStaticString(" octets\r\n")
    } else {
      output.writeOK("top of message follows")
    }
  }

  mutating func messageSent() {
    guard case .sending(let index, let lines) = activity else { return }
    activity = .idle
    if lines == nil {
      marks.retrieved.insert(index)
    }
  }

  /// - Returns: false if octets of the message were sent already, so that no reply can report the failure.
  mutating func messageFailed(_ failure: MessageFailure, output: inout ByteBuffer) -> Bool {
    switch activity {
    case .idle, .listing:
      return true
    case .sending:
      return false
    case .opening:
      activity = .idle
      switch failure {
      case .vanished: output.writeError("message was removed by another program")
      case .changed: output.writeError(.systemTemporary, "message was changed by another program just now")
      case .temporary: output.writeError(.systemTemporary, "message cannot be read")
      case .permanent: output.writeError(.systemPermanent, "message cannot be read")
      }
      return true
    }
  }
}
