import NIOCore
import OceanBase
import OceanPOP3
import TestSupport

/// Carries out a session's actions on a mailbox in memory, and checks every step.
struct SessionRun {
  private(set) var sent: [UInt8] = []
  private(set) var end: CloseReason?
  private(set) var removed: MessageMarks?

  private var session: Session
  private var policy: SessionPolicy
  private let drop: FuzzDrop
  private var input = ByteBuffer()
  private var output = ByteBuffer()
  /// Drawn from once for each action, so that all runs of an input draw the same.
  private var fate: SeededGenerator

  /// The action that is in flight.
  private var pending: Action?
  private var isTLSActive: Bool
  private var isTLSNeedTold = false
  private var isListing = false
  private var attempts = 0

  init(options: UInt8, seed: UInt8) {
    policy = SessionPolicy(
      hostname: "pop.example.org", implementation: options & 1 == 0 ? nil : "ocean",
      plaintextLoginAllowed: options & 2 == 0, startTLSOffered: options & 4 != 0)
    if options & 8 != 0 { policy.maxBadCommands = .max }
    if options & 32 != 0 { policy.mechanisms = ["PLAIN", "LOGIN"] }
    isTLSActive = options & 16 != 0
    drop = FuzzDrop(count: [3, 0, 1, 400][Int(options >> 6)])
    fate = SeededGenerator(seed: UInt64(seed))
    session = Session(policy: policy, isTLSActive: isTLSActive)
    session.greet(into: &output)
    precondition(isStatus(takeOutput()))
  }

  /// Gives the session octets. An action in flight is answered before they arrive (`isAnswered` of the call
  /// before), or when they have arrived.
  mutating func receive(_ octets: some Collection<UInt8>, isAnswered: Bool) {
    guard end == nil, pending != .startTLS else { return }
    input.writeBytes(octets)
    repeat {
      advance()
      guard isAnswered, let action = pending, action != .startTLS else { return }
      answer(action)
    } while true
  }

  /// - Returns: whether the session waited for it.
  mutating func finishHandshake() -> Bool {
    guard pending == .startTLS, end == nil else { return false }
    pending = nil
    session.tlsEstablished(discarding: &input)
    isTLSActive = true
    precondition(takeOutput().isEmpty && input.readableBytes == 0)
    return true
  }

  /// Ends the session: the client is gone, or idle for too long.
  mutating func hangUp() {
    guard end == nil else { return }
    pending = nil
    interrupt(.idleTimeout)
    advance()
    precondition(end == .interrupted(.idleTimeout))
  }

  /// Takes steps until the session wants something.
  private mutating func advance() {
    while end == nil {
      let start = input.readerIndex
      let action = session.next(input: &input, output: &output)
      let reply = takeOutput()
      let consumed = input.readerIndex - start
      precondition(consumed >= 0 && reply.count <= 17 * 1024)
      if pending != nil {
        precondition(action == .wait && reply.isEmpty && consumed == 0)
        return
      }

      switch action {
      case .read:
        // A response of AUTH may be longer than a command.
        precondition(reply.isEmpty && input.readableBytes < max(policy.maxLineLength, 1200))
        disturb()
        return
      case .proceed, .loginNeedsTLS:
        if case .loginNeedsTLS = action {
          precondition(!isTLSActive && !policy.plaintextLoginAllowed && !isTLSNeedTold)
          isTLSNeedTold = true
        }
        precondition(consumed > 0 || !reply.isEmpty, "no progress")
        // A line, and before it the end of a line that was too long.
        let ends = input.withVeryUnsafeBytes { $0[start..<start + consumed].count { $0 == 10 } }
        precondition(ends <= 2)
        check(reply)
        continue
      case .wait:
        preconditionFailure("nothing is in flight")
      case .login(let credentials):
        precondition(reply.isEmpty && session.marks == nil)
        precondition(isTLSActive || policy.plaintextLoginAllowed, "a password in the clear")
        check(credentials)
        attempts += 1
        precondition(attempts <= policy.maxLoginAttempts)
        // "PASS ", the password, LF; in front of it may be the end of a line that was too long.
        let length = credentials.password.withUnsafeBytes { $0.count + 6 }
        let line = input.readerIndex - length..<input.readerIndex
        precondition(line.lowerBound >= start)
        let isForgotten = input.withVeryUnsafeBytes { $0[line].allSatisfy { $0 == 0 } }
        precondition(isForgotten, "the password stayed in the input")
      case .authenticate:
        precondition(reply.isEmpty && session.marks == nil)
        precondition(isTLSActive && !policy.mechanisms.isEmpty, "AUTH without TLS")
        let isForgotten = input.withVeryUnsafeBytes { $0[start..<start + consumed].allSatisfy { $0 == 0 } }
        precondition(isForgotten, "a response stayed in the input")
      case .open(let message, let lines):
        precondition(reply.isEmpty && (0..<drop.count).contains(message) && lines ?? 0 >= 0)
        precondition(session.marks?.deleted.contains(message) == false)
      case .update(let marks):
        precondition(reply.isEmpty && removed == nil)
        precondition((Array(marks.deleted) + Array(marks.retrieved)).allSatisfy { $0 < drop.count })
        removed = marks
      case .startTLS:
        precondition(isStatus(reply) && reply.first == UInt8(ascii: "+") && input.readableBytes == 0)
        precondition(policy.startTLSOffered && !isTLSActive && session.marks == nil)
      case .close(let reason):
        precondition(reply.isEmpty)
        stayClosed(reason)
        end = reason
        return
      }
      pending = action
      return
    }
  }

  private mutating func answer(_ action: Action) {
    pending = nil
    let fate = fate.next()
    let isInterrupted = fate & 0xFF00 == 0
    if isInterrupted { interrupt(fate & 0x10000 == 0 ? .shutdown : .loginTimeout) }
    let before = sent.count
    switch action {
    case .login:
      // Half of the logins succeed; each failure gets a few.
      if let failure = LoginFailure.allCases.dropFirst(Int(fate & 7)).first {
        session.loginFailed(failure, output: &output)
      } else {
        session.loginSucceeded(drop, output: &output)
      }
    case .authenticate:
      switch fate & 3 {
      case 0: session.exchangeFailed(output: &output)
      case 1:
        session.exchangeCompleted()
        session.loginFailed(.credentials, output: &output)
        if !isInterrupted { attempts += 1 }
      default:
        session.challenged(SecretBytes(copying: "?".utf8), output: &output)
        if !isInterrupted {
          precondition(takeOutput() == Array("+ Pw==\r\n".utf8))
          return
        }
      }
    case .open(let message, let lines):
      send(message, lines, fate)
    case .update:
      session.updateFinished(fate & 1 == 0 ? .removed : .incomplete, output: &output)
    case .read, .proceed, .wait, .loginNeedsTLS, .startTLS, .close:
      preconditionFailure("not in flight")
    }
    let reply = takeOutput()
    if case .open = action { return }
    if isInterrupted, removed == nil {
      precondition(reply.isEmpty && sent.count == before, "an event that came too late")
    } else {
      precondition(isStatus(reply))
    }
  }

  private mutating func send(_ message: Int, _ lines: Int?, _ fate: UInt64) {
    guard fate & 7 > 1 else {
      session.messageFailed(fate & 1 == 0 ? .vanished : .temporary, output: &output)
      return
    }
    session.messageOpened(octets: drop.octets(of: message), output: &output)
    let reply = takeOutput()
    // The session was interrupted meanwhile.
    guard !reply.isEmpty else { return }
    precondition(isStatus(reply) && reply.first == UInt8(ascii: "+"))
    sent += Oracle.encoded(drop.message(message), bodyLines: lines.map { min($0, 100) })
    if fate & 7 == 2 {
      session.messageFailed(.temporary, output: &output)
      precondition(takeOutput().isEmpty, "a reply inside a message")
    } else {
      session.messageSent()
      precondition(lines != nil || session.marks?.retrieved.contains(message) == true)
    }
  }

  private mutating func interrupt(_ interruption: Interruption) {
    let isMidReply = isListing
    session.interrupt(interruption, output: &output)
    let reply = takeOutput()
    precondition(reply.isEmpty || !isMidReply && isStatus(reply) && reply.first == UInt8(ascii: "-"))
  }

  /// Sends events of actions that were not asked for, which must change nothing.
  private mutating func disturb() {
    let marks = session.marks
    let length = input.readableBytes
    session.challenged(SecretBytes(copying: []), output: &output)
    session.exchangeFailed(output: &output)
    session.exchangeCompleted()
    session.loginFailed(.credentials, output: &output)
    session.loginSucceeded(drop, output: &output)
    session.messageOpened(octets: 1, output: &output)
    session.messageSent()
    session.messageFailed(.vanished, output: &output)
    session.updateFinished(.removed, output: &output)
    session.tlsEstablished(discarding: &input)
    precondition(takeOutput().isEmpty && session.marks == marks && input.readableBytes == length)
  }

  /// Checks that nothing follows the end, whatever comes after it.
  private mutating func stayClosed(_ reason: CloseReason) {
    disturb()
    input.writeString("\r\nCAPA\r\nNOOP\r\n")
    session.interrupt(.shutdown, output: &output)
    precondition(session.next(input: &input, output: &output) == .close(reason) && takeOutput().isEmpty)
    precondition(session.marks == nil)
  }

  private mutating func takeOutput() -> [UInt8] {
    guard output.readableBytes > 0 else { return [] }
    let reply = Array(buffer: output)
    output.clear()
    sent += reply
    return reply
  }
}

// MARK: - What is well-formed

extension SessionRun {
  /// Checks a reply: one status line (RFC 1939 §3), a status line and what it announces, or a further piece
  /// of a list.
  private mutating func check(_ reply: [UInt8]) {
    var lines = lines(of: reply)
    if !isListing {
      precondition(!lines.isEmpty, "a command without a reply")
      let status = lines.removeFirst()
      precondition(status.hasPrefix("+OK ") || status.hasPrefix("-ERR "))
      if status == "+OK capabilities follow" || status == "+OK mechanisms follow" {
        precondition(lines.popLast() == "." && !lines.contains("."))
        return
      }
      isListing = status == "+OK unique ids follow" || status.hasSuffix(" octets)")
      precondition(lines.isEmpty)
      return
    }
    if lines.last == "." {
      lines.removeLast()
      isListing = false
    }
    for line in lines {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      precondition(words.count == 2 && Int(words[0]).map { (1...drop.count).contains($0) } == true)
    }
  }

  private func isStatus(_ reply: [UInt8]) -> Bool {
    let lines = lines(of: reply)
    return lines.count == 1 && (lines[0].hasPrefix("+OK ") || lines[0].hasPrefix("-ERR "))
  }

  /// The lines of a reply: printable ASCII, up to 512 octets with the CRLF (RFC 1939 §3).
  private func lines(of reply: [UInt8]) -> [String] {
    var lines: [String] = []
    var start = 0
    while start < reply.count {
      guard let end = reply[start...].firstIndex(where: { !(0x20...0x7E).contains($0) }), end - start <= 510,
        reply[end] == 13, end + 1 < reply.count, reply[end + 1] == 10
      else { preconditionFailure("no well-formed line") }
      lines.append(String(decoding: reply[start..<end], as: UTF8.self))
      start = end + 2
    }
    return lines
  }

  private func check(_ credentials: Credentials) {
    precondition(!credentials.user.isEmpty && credentials.user.utf8.count < policy.maxLineLength)
    precondition(
      credentials.user.unicodeScalars.allSatisfy { $0.value > 0x20 && !(0x7F...0x9F).contains($0.value) })
    credentials.password.withUnsafeBytes { password in
      precondition(password.count < policy.maxLineLength && !password.contains(0) && !password.contains(10))
    }
  }
}

/// A mailbox of small messages, with ids of the greatest length.
final class FuzzDrop: Maildrop {
  private static let texts = [".dot\n\n..\r\nlast", "", "Subject: x\n\none\ntwo\n"].map { Array($0.utf8) }
  private static let sizes = texts.map { UInt64(Oracle.normalised($0).count) }

  let count: Int
  let totalOctets: UInt64

  init(count: Int) {
    self.count = count
    totalOctets = (0..<count).reduce(0) { $0 + Self.sizes[$1 % 3] }
  }

  func message(_ index: Int) -> [UInt8] { Self.texts[index % 3] }

  func octets(of index: Int) -> UInt64 { Self.sizes[index % 3] }

  func copyUIDL(of index: Int, to output: UnsafeMutableRawBufferPointer) -> Int {
    output.copyBytes(from: repeatElement(UInt8(ascii: "u"), count: 70))
    return 70
  }
}
