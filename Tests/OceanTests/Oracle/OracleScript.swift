import TestSupport
/// Commands that a client sends, with what is needed to read the replies.
struct OracleScript {
  struct Step {
    /// The line, without its end.
    let line: [UInt8]
    var end: [UInt8] = [13, 10]

    init(_ line: [UInt8]) { self.line = line }

    init(_ text: String) { self.init(Array(text.utf8)) }

    /// Whether more lines follow when the reply is +OK.
    var isMultiline: Bool {
      let words = self.words
      switch words.keyword {
      case "RETR", "TOP", "CAPA": return true
      case "LIST", "UIDL": return words.arguments.allSatisfy { $0 == " " }
      default: return false
      }
    }

    /// The keyword in capitals, and the text after the first space; nothing after a NUL, where C's strings
    /// end.
    var words: (keyword: String, arguments: Substring) {
      let text = String(decoding: line.prefix { $0 != 0 }, as: UTF8.self)
      guard let space = text.firstIndex(of: " ") else { return (text.uppercased(), "") }
      return (text[..<space].uppercased(), text[text.index(after: space)...])
    }
  }

  var steps: [Step]
  /// Whether everything is sent before anything is read.
  var isPipelined = false

  init(_ steps: [Step]) { self.steps = steps }

  /// Plays the script, and reads to the end of the connection, where nothing may be left.
  ///
  /// - Returns: a reply for each step.
  func run(_ client: POP3Client) throws -> [OracleReply] {
    guard try client.line().hasPrefix("+OK") else { throw Failure("no greeting") }
    if isPipelined { try client.send(steps.flatMap { $0.line + $0.end }) }
    var replies: [OracleReply] = []
    for step in steps {
      if !isPipelined { try client.send(step.line + step.end) }
      guard let bytes = try client.bytesOfLine() else { break }
      let line = String(decoding: bytes, as: UTF8.self)
      let isFollowed = step.isMultiline && line.hasPrefix("+OK")
      replies.append(.line(line, body: isFollowed ? try client.body() : nil))
    }
    client.closeSending()
    guard try client.rest() == "" else { throw Failure("more replies than commands") }
    return replies + Array(repeating: .closed, count: steps.count - replies.count)
  }
}

extension OracleScript: CustomStringConvertible {
  var description: String {
    steps.map { String(reflecting: String(decoding: $0.line.prefix(80), as: UTF8.self)) }
      .joined(separator: isPipelined ? " " : ", ")
  }
}

// MARK: - By chance

extension OracleScript {
  /// A session of somebody who knows the protocol, mixed with one of somebody who does not.
  ///
  /// - Parameters:
  ///   - user: the account with that many messages.
  init(user: String, password: String, messages: Int, using random: inout SeededGenerator) {
    var generator = Generator(messages: messages, random: random)
    defer { random = generator.random }
    self.init(generator.beforeLogin(user: user, password: password))
    for _ in 0..<Int.random(in: 0...24, using: &generator.random) { steps += generator.command() }
    if generator.oneIn(12) {
      // The comparison ends with what Dovecot takes for a QUIT.
      steps.append(Step("QUIT now"))
    } else if !generator.oneIn(5) {
      steps.append(Step(generator.keyword("QUIT") + (generator.oneIn(10) ? " " : "")))
    }
    // No more is sent once Dovecot will close, because the reset of the connection would
    // eat its replies.
    isPipelined = generator.oneIn(2) && !steps.contains { $0.line.count > 2000 }
    for index in steps.indices where generator.oneIn(10) { steps[index].end = [10] }
  }

  private struct Generator {
    let messages: Int
    var random: SeededGenerator

    mutating func oneIn(_ chances: Int) -> Bool { Int.random(in: 0..<chances, using: &random) == 0 }

    mutating func any<T>(_ choices: [T]) -> T { choices[Int.random(in: choices.indices, using: &random)] }

    mutating func keyword(_ word: String) -> String {
      switch Int.random(in: 0..<6, using: &random) {
      case 0: word.lowercased()
      case 1: String(word.map { oneIn(2) ? Character($0.lowercased()) : $0 })
      default: word
      }
    }

    mutating func beforeLogin(user: String, password: String) -> [Step] {
      var steps: [Step] = []
      // Dovecot closes after the third one.
      let count = oneIn(3) ? any([1, 1, 1, 2, 2, 4]) : 0
      for _ in 0..<count {
        steps.append(
          Step(any(["PASS \(password)", "STAT", "RETR 1", "LIST", "FOO", "", " ", "NOOP", "DELE 1", "RSET"])))
      }
      if oneIn(4) { steps.append(Step(keyword("CAPA"))) }
      // Both answer it late.
      if oneIn(40) {
        let wrong = any([password + " ", " " + password, password.lowercased(), "x", ""])
        steps += [Step("USER " + user), Step("PASS " + wrong)]
      }
      if oneIn(8) { steps.append(Step("USER nobody")) }
      let name = keyword("USER") + " " + (oneIn(4) ? user.uppercased() : user)
      return steps + [Step(name), Step(keyword("PASS") + " " + password)]
    }

    mutating func command() -> [Step] {
      switch Int.random(in: 0..<22, using: &random) {
      case 0...1: return [Step(keyword("STAT"))]
      case 2...3: return [Step(keyword("LIST") + (oneIn(2) ? "" : " " + number()))]
      case 4...5: return [Step(keyword("UIDL") + (oneIn(2) ? "" : " " + number()))]
      case 6...8: return [Step(keyword("RETR") + " " + number())]
      case 9...11: return [Step(keyword("TOP") + " " + number() + " " + lines())]
      case 12...14: return [Step(keyword("DELE") + " " + number())]
      case 15: return [Step(keyword("RSET"))]
      case 16: return [Step(keyword("NOOP"))]
      case 17: return [Step(keyword("CAPA"))]
      case 18:
        return [Step(any(["USER anna", "PASS x", "STLS", "LAST", "FOO 1", "RETRO 1", "DELE1", "", " STAT"]))]
      case 19: return oddlySpaced()
      default: return odd()
      }
    }

    /// A command that only one of them takes for a DELE or RSET is undone.
    private mutating func oddlySpaced() -> [Step] {
      let word = any(["STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "NOOP", "RSET", "CAPA"])
      let spaces = String(repeating: " ", count: Int.random(in: 1...3, using: &random))
      let arguments = any(["", "1", "1 ", "1  2", "1 2", "x", "\t1", "1\t"])
      return [Step(keyword(word) + spaces + arguments), Step("RSET")]
    }

    private mutating func odd() -> [Step] {
      var bytes = Array(keyword(any(["STAT", "NOOP", "LIST 1", "RETR 1", "UIDL", "FOO"])).utf8)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes += Array(repeating: 0x20, count: any([1, 240, 247, 248, 249, 250, 251, 300, 4000]))
      case 1: bytes += Array(repeating: 0x78, count: any([1, 240, 250, 300, 4000]))
      case 2:
        bytes.insert(
          UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0...bytes.count, using: &random))
      case 3: bytes += [0] + Array(any(["", "1", " 1"]).utf8)
      default:
        bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in .random(in: 0...255, using: &random) }
      }
      // A line end would make two commands of one; and Dovecot aborts at a colon in a keyword.
      return [Step(bytes.filter { $0 != 10 && $0 != 13 && $0 != 0x3A }), Step("RSET")]
    }

    private mutating func number() -> String {
      if !oneIn(4), messages > 0 { return String(Int.random(in: 1...messages, using: &random)) }
      return any([
        "0", "01", "00", "\(messages)", "\(messages + 1)", "+1", "-1", "1x", "x", "", "0x1", "1.0", "1,2",
        "*",
        "4294967297", "18446744073709551616", "18446744073709551617", "99999999999999999999999", "1 1", "1 ",
      ])
    }

    private mutating func lines() -> String {
      if !oneIn(6) { return String(Int.random(in: 0...6, using: &random)) }
      return any(["00", "+1", "-1", "x", "", "1000000", "4294967296", "18446744073709551616", "1 1", "1 "])
    }
  }
}
