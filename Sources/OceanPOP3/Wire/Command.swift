import OceanBase

/// A parsed command line. Message numbers are not yet checked against the mailbox.
enum Command {
  /// RFC 5034 §4: the mechanism, a secret as the name of USER is, and the decoded initial response. Without a
  /// mechanism, old clients ask for a list.
  case auth(mechanism: SecretBytes?, response: SecretBytes?)
  case capa
  case dele(Int)
  case list(Int?)
  case noop
  case pass(SecretBytes)
  case quit
  case retr(Int)
  case rset
  case stat
  case stls
  case top(Int, lines: Int)
  case uidl(Int?)
  /// One word of UTF-8 without control characters.
  case user(SecretBytes)
}

enum CommandError: Error {
  case unknown

  /// An octet that may not be in any command.
  case octets

  /// Arguments that are missing, too many, or not of the form that the command takes.
  case arguments
}

extension Command {
  /// Parses a line without its line end.
  ///
  /// RFC 1939 §3, RFC 2449 §4: a keyword, in any case, and arguments, each after a single space. Like in
  /// Dovecot, only spaces behind a keyword count as no argument, and a number may have leading zeros.
  init(line: UnsafeRawBufferPointer) throws(CommandError) {
    let space = line.firstIndex(of: UInt8(ascii: " "))
    let argument = space.map { UnsafeRawBufferPointer(rebasing: line[($0 + 1)...]) }
    let keyword = Keyword(line[..<(space ?? line.endIndex)])

    // Only the arguments of USER and PASS may contain other octets than printable ASCII.
    switch keyword {
    case "USER":
      self = .user(try Self.user(argument))
      return
    case "PASS":
      self = .pass(try Self.password(argument))
      return
    default:
      guard line.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw .octets }
    }

    let arguments = Arguments(argument)
    switch keyword {
    case "AUTH": self = try Self.auth(argument)
    case "CAPA": self = try arguments.none(.capa)
    case "DELE": self = .dele(try arguments.one())
    case "LIST": self = .list(try arguments.oneOrNone())
    case "NOOP": self = try arguments.none(.noop)
    case "QUIT": self = try arguments.none(.quit)
    case "RETR": self = .retr(try arguments.one())
    case "RSET": self = try arguments.none(.rset)
    case "STAT": self = try arguments.none(.stat)
    case "STLS": self = try arguments.none(.stls)
    case "TOP":
      let (message, lines) = try arguments.two()
      self = .top(message, lines: lines)
    case "UIDL": self = .uidl(try arguments.oneOrNone())
    default: throw .unknown
    }
  }

  private static func auth(_ argument: UnsafeRawBufferPointer?) throws(CommandError) -> Command {
    guard let argument, !argument.allSatisfy({ $0 == UInt8(ascii: " ") }) else {
      return .auth(mechanism: nil, response: nil)
    }
    let parts = argument.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    // RFC 4422 §3.1: a mechanism's name has at most 20 characters.
    guard parts.count <= 2, (1...20).contains(parts[0].count) else { throw .arguments }
    let mechanism = SecretBytes(copying: parts[0])
    guard parts.count == 2 else { return .auth(mechanism: mechanism, response: nil) }
    let text = UnsafeRawBufferPointer(rebasing: parts[1])
    // RFC 5034 §4: "=" is an empty response.
    let isEmpty = text.count == 1 && text.first == UInt8(ascii: "=")
    guard !text.isEmpty, let response = isEmpty ? SecretBytes(copying: []) : Base64.decode(text) else {
      throw .arguments
    }
    return .auth(mechanism: mechanism, response: response)
  }

  private static func user(_ argument: UnsafeRawBufferPointer?) throws(CommandError) -> SecretBytes {
    guard let argument, !argument.isEmpty else { throw .arguments }
    guard argument.isText else { throw .octets }
    guard !argument.contains(UInt8(ascii: " ")) else { throw .arguments }
    return SecretBytes(copying: argument)
  }

  /// Reads the password. RFC 1939 §7, PASS: "a server may treat spaces in the argument as part of the
  /// password, instead of as argument separators".
  private static func password(_ argument: UnsafeRawBufferPointer?) throws(CommandError) -> SecretBytes {
    guard let argument else { throw .arguments }
    guard !argument.contains(0) else { throw .octets }
    return SecretBytes(copying: argument)
  }
}

/// Up to four octets in upper case; anything longer is not a keyword.
private struct Keyword: Equatable, ExpressibleByStringLiteral {
  private var value: UInt32

  init(_ octets: some Collection<UInt8>) {
    value = 0
    guard octets.count <= 4 else { return }
    for octet in octets {
      let isLowercase = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(octet)
      value = value << 8 | UInt32(isLowercase ? octet - 0x20 : octet)
    }
  }

  init(stringLiteral literal: StaticString) {
    self.init(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }
}

/// The numbers behind a keyword.
private struct Arguments {
  private let text: UnsafeRawBufferPointer?

  init(_ argument: UnsafeRawBufferPointer?) {
    let isBlank = argument?.allSatisfy { $0 == UInt8(ascii: " ") } ?? true
    text = isBlank ? nil : argument
  }

  func none(_ command: Command) throws(CommandError) -> Command {
    guard text == nil else { throw .arguments }
    return command
  }

  func one() throws(CommandError) -> Int {
    guard let number = try oneOrNone() else { throw .arguments }
    return number
  }

  func oneOrNone() throws(CommandError) -> Int? {
    guard let text else { return nil }
    return try Self.number(text[...])
  }

  func two() throws(CommandError) -> (Int, Int) {
    guard let text, let space = text.firstIndex(of: UInt8(ascii: " ")) else { throw .arguments }
    return (try Self.number(text[..<space]), try Self.number(text[(space + 1)...]))
  }

  /// Reads decimal digits and nothing else. A number that exceeds an `Int` becomes `Int.max`, which no
  /// mailbox reaches.
  private static func number(_ digits: Slice<UnsafeRawBufferPointer>) throws(CommandError) -> Int {
    guard !digits.isEmpty else { throw .arguments }
    var value = 0
    for octet in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) else { throw .arguments }
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(octet - UInt8(ascii: "0")))
      value = overflow || carry ? .max : sum
    }
    return value
  }
}
