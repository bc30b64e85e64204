/// A server's reply, reduced to what a client depends on.
enum OracleReply: Equatable {
  /// The first line and, if more lines follow, the others without dot-stuffing.
  case line(String, body: [UInt8]?)
  case closed

  var isOK: Bool {
    if case .line(let text, _) = self { text.hasPrefix("+OK") } else { false }
  }
}

/// Where ocean replies differently from Dovecot, on purpose: the headings of docs/deviations.md.
enum OracleDeviation: String, CaseIterable {
  case arguments = "Arguments where none belong"
  case spaces = "More than one space"
  case octets = "NUL in a command"
  case lineLength = "Commands of more than 255 octets"
  case badCommands = "Bad commands in a row"
  case lineCount = "TOP with a very large count"
  case capabilities = "What CAPA lists"
  case lastLine = "A last line without its end"
  case firstDot = "A first line that begins with a dot"
  case headerEnd = "CR at the beginning of a header line"
  case seen = "What RSET takes back"
}

/// Compares ocean's replies with Dovecot's.
struct OracleRules {
  enum Verdict: Equatable {
    case fits
    /// The reply fits, but what follows cannot be compared any more.
    case parts
    case conflict
  }

  let messages: [OracleMailbox.Message]
  private(set) var isLoggedIn = false
  /// The messages that both will remove.
  private(set) var deleted: Set<Int> = []
  /// The messages that ocean has sent, and those of them that RSET did not reset in Dovecot.
  private(set) var retrieved: Set<Int> = []
  private(set) var retrievedSinceReset: Set<Int> = []
  private(set) var met: Set<OracleDeviation> = []
  /// Whether there was a long line, after which Dovecot closes.
  private var hadLongLine = false
  private var refusals = 0

  init(_ messages: [OracleMailbox.Message]) { self.messages = messages }

  mutating func judge(_ step: OracleScript.Step, dovecot: OracleReply, ocean: OracleReply) -> Verdict {
    if step.line.count > 2000 { hadLongLine = true }
    guard case .line(let theirs, let theirBody) = dovecot else {
      return ocean == .closed ? .fits : judgeClosing(step)
    }
    guard case .line(let ours, let ourBody) = ocean else { return .conflict }
    if !isLoggedIn, !dovecot.isOK, ocean.isOK, refusals >= 2 {
      met.insert(.badCommands)
      return .parts
    }
    guard dovecot.isOK == ocean.isOK else {
      guard let deviation = deviation(of: step, isAcceptedByDovecot: dovecot.isOK) else { return .conflict }
      met.insert(deviation)
      return step.words.keyword == "QUIT" ? .parts : .fits
    }
    if !dovecot.isOK { refusals += 1 }
    guard dovecot.isOK else { return code(of: theirs) == code(of: ours) ? .fits : .conflict }
    let number = step.words.arguments.split(separator: " ").first.flatMap { Int($0) }.map { $0 - 1 }
    note(step, number)
    return firstLine(theirs, step, number) == firstLine(ours, step)
      && bodies(theirBody, step, number).contains(normal(ourBody, step)) ? .fits : .conflict
  }

  /// Whether a message must be marked as read in the end.
  mutating func mustBeSeen(_ message: Int) -> Bool {
    if retrieved.contains(message), !retrievedSinceReset.contains(message) { met.insert(.seen) }
    return retrieved.contains(message)
  }

  private func code(of line: String) -> Substring? { line.firstMatch(of: /^-ERR \[([^\]]*)\]/)?.1 }

  private mutating func note(_ step: OracleScript.Step, _ number: Int?) {
    switch step.words.keyword {
    case "PASS": isLoggedIn = true
    case "DELE": if let number { deleted.insert(number) }
    case "RETR":
      if let number {
        retrieved.insert(number)
        retrievedSinceReset.insert(number)
      }
    case "RSET":
      deleted = []
      retrievedSinceReset = []
    default: break
    }
  }

  // MARK: - Deviations

  private mutating func judgeClosing(_ step: OracleScript.Step) -> Verdict {
    guard hadLongLine || !isLoggedIn && refusals >= 2 else { return .conflict }
    met.insert(hadLongLine ? .lineLength : .badCommands)
    return .parts
  }

  /// The deviation that explains why only one of them accepts a line.
  private func deviation(of step: OracleScript.Step, isAcceptedByDovecot: Bool) -> OracleDeviation? {
    let (keyword, arguments) = step.words
    guard isAcceptedByDovecot else {
      let count = arguments.split(separator: " ").last ?? ""
      return keyword == "TOP" && count.allSatisfy(\.isNumber) && UInt64(count) == nil ? .lineCount : nil
    }
    if step.line.contains(0) { return .octets }
    if step.line.count + step.end.count > 255 { return .lineLength }
    switch keyword {
    case "STAT", "NOOP", "RSET", "CAPA", "QUIT":
      return arguments.contains { $0 != " " } ? .arguments : nil
    case "LIST", "UIDL", "RETR", "TOP", "DELE":
      return arguments.hasPrefix(" ") || arguments.contains("  ") ? .spaces : nil
    default: return nil
    }
  }

  // MARK: - Replies that both give

  /// The numbers and ids of a reply; other text is for people.
  private func firstLine(_ line: String, _ step: OracleScript.Step) -> String {
    switch step.words.keyword {
    case "STAT", "RETR": return line
    case "LIST", "UIDL": return step.isMultiline ? "+OK" : line
    default: return "+OK"
    }
  }

  /// The first line that ocean must send if Dovecot sends this one.
  private mutating func firstLine(_ line: String, _ step: OracleScript.Step, _ number: Int?) -> String {
    let missing: Int
    switch step.words.keyword {
    case "STAT": missing = messages.indices.filter { !deleted.contains($0) }.map(missingOctets).reduce(0, +)
    case "LIST", "RETR": missing = number.map(missingOctets) ?? 0
    default: missing = 0
    }
    let line = firstLine(line, step)
    guard missing > 0 else { return line }
    met.insert(.lastLine)
    var words = line.split(separator: " ").map(String.init)
    let position = step.words.keyword == "RETR" ? 1 : 2
    guard words.indices.contains(position), let size = Int(words[position]) else { return line }
    words[position] = String(size + missing)
    return words.joined(separator: " ")
  }

  /// The bodies that ocean may send if Dovecot sends this one.
  private mutating func bodies(_ body: [UInt8]?, _ step: OracleScript.Step, _ number: Int?) -> [[UInt8]?] {
    guard let body else { return [nil] }
    switch step.words.keyword {
    case "CAPA":
      return [capabilities(body)]
    case "LIST":
      return [sizes(body)]
    case "TOP" where number.map(hasHeaderLineOfCR) == true:
      met.insert(.headerEnd)
      let lines = step.words.arguments.split(separator: " ").last.flatMap { Int($0) } ?? 0
      return [number.map { OracleMailbox.top(messages[$0].content, lines: lines) }]
    case "RETR", "TOP":
      guard let number, messages.indices.contains(number) else { return [body] }
      let content = messages[number].content
      // The test's client has removed a dot that Dovecot did not add.
      guard content.first != 0x2E else {
        met.insert(.firstDot)
        return [[0x2E] + body] + ending([0x2E] + body, of: content)
      }
      return [body] + ending(body, of: content)
    default:
      return [body]
    }
  }

  private func missingOctets(of index: Int) -> Int {
    guard messages.indices.contains(index) else { return 0 }
    switch messages[index].content.last {
    case nil, 10: return 0
    case 13: return 1
    default: return 2
    }
  }

  /// Whether a line begins with CR and is not blank, and no blank line came before it.
  private func hasHeaderLineOfCR(_ index: Int) -> Bool {
    guard messages.indices.contains(index) else { return false }
    let lines = messages[index].content.split(separator: 10, omittingEmptySubsequences: false)
    return lines.prefix { !$0.isEmpty && $0 != [13] }.contains { $0.first == 13 }
  }

  private mutating func sizes(_ body: [UInt8]) -> [UInt8] {
    let lines = lines(body).map { line in
      let numbers = line.split(separator: " ").compactMap { Int($0) }
      guard numbers.count == 2 else { return String(line) }
      let missing = missingOctets(of: numbers[0] - 1)
      if missing > 0 { met.insert(.lastLine) }
      return "\(numbers[0]) \(numbers[1] + missing)"
    }
    return Array(lines.map { $0 + "\r\n" }.joined().utf8)
  }

  /// Dovecot adds a CRLF to everything that does not end in LF: also to nothing, and to a CR.
  private mutating func ending(_ body: [UInt8], of content: [UInt8]) -> [[UInt8]] {
    if content.isEmpty, body == [13, 10] {
      met.insert(.lastLine)
      return [[]]
    }
    guard content.last == 13, body.suffix(3) == [13, 13, 10] else { return [] }
    return [body.dropLast(3) + [13, 10]]
  }

  private mutating func capabilities(_ body: [UInt8]) -> [UInt8] {
    met.insert(.capabilities)
    let dropped: Set<Substring> = ["CAPA", "SASL PLAIN"]
    let lines = lines(body).filter { !dropped.contains($0) } + ["EXPIRE NEVER", "IMPLEMENTATION ocean"]
    return Array(lines.sorted().map { $0 + "\r\n" }.joined().utf8)
  }

  private func lines(_ body: [UInt8]) -> [Substring] {
    String(decoding: body, as: UTF8.self).split(separator: "\r\n")
  }

  /// The order of the capabilities means nothing.
  private func normal(_ body: [UInt8]?, _ step: OracleScript.Step) -> [UInt8]? {
    guard let body, step.words.keyword == "CAPA" else { return body }
    return Array(lines(body).sorted().map { $0 + "\r\n" }.joined().utf8)
  }
}
