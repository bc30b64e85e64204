import Foundation
import TestSupport

/// Random messages for two servers, made of what is hard to get right.
struct OracleMailbox {
  struct Message {
    let name: String
    let isNew: Bool
    let content: [UInt8]

    var baseName: String { String(name.prefix { $0 != ":" }) }
    var isSeen: Bool { name.contains(":") && name.hasSuffix("S") }
  }

  let messages: [Message]

  init(using random: inout SeededGenerator) {
    messages = (0..<Int.random(in: 0...7, using: &random)).map { number in
      let isNew = Bool.random(using: &random)
      let flags = isNew ? "" : [":2,", ":2,S", ":2,RS", ""].randomElement(using: &random) ?? ""
      return Message(
        name: "17000000\(10 + number).M\(number)P1.host\(flags)", isNew: isNew, content: Self.content(&random)
      )
    }
  }

  private static let header = "From: Berta <berta@example.org>\nSubject: hello\n"

  private static func content(_ random: inout SeededGenerator) -> [UInt8] {
    let content = anyContent(&random)
    // Dovecot does not stuff the first line, and what follows this one would not be understood.
    let line = content.prefix { $0 != 10 }
    return line == [0x2E] || line == [0x2E, 13] ? [0x61] + content : content
  }

  private static func anyContent(_ random: inout SeededGenerator) -> [UInt8] {
    let header = Array((Bool.random(using: &random) ? header : header.replacing("\n", with: "\r\n")).utf8)
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return []
    case 1: return header
    case 2: return Array("X-Long: \(String(repeating: "x", count: 70_000))\n\nbody\n".utf8)
    case 3:
      let line = String(repeating: "folded\n ", count: 3000)
      return header + Array("X-Folded: \(line)end\n\nbody\n".utf8)
    case 4:
      return header + [10] + Array(repeating: 0x2E, count: Int.random(in: 0...9000, using: &random)) + [10]
    case 5...6: return soup(&random, 60)
    default: return header + [10] + soup(&random, 200)
    }
  }

  /// Random bytes, mostly ones that may be taken for something.
  private static func soup(_ random: inout SeededGenerator, _ most: Int) -> [UInt8] {
    let alphabet: [UInt8] = [10, 10, 10, 13, 0x2E, 0x2E, 0x61, 0x3A, 0x20, 0, 0xFF]
    return (0..<Int.random(in: 0...most, using: &random)).map { _ in
      alphabet[Int.random(in: alphabet.indices, using: &random)]
    }
  }

  /// Writes the messages into a Maildir that does not exist yet.
  func write(to maildir: URL) throws {
    for folder in ["new", "cur", "tmp"] {
      try FileManager.default.createDirectory(at: maildir / folder, withIntermediateDirectories: true)
    }
    for message in messages {
      try Data(message.content).write(to: maildir / "\(message.isNew ? "new" : "cur")/\(message.name)")
    }
  }

  /// What TOP sends of a message (RFC 1939 §7), without dot-stuffing.
  static func top(_ content: [UInt8], lines bodyLines: Int) -> [UInt8] {
    var result: [UInt8] = []
    var left: Int?
    let lines = content.split(separator: 10, omittingEmptySubsequences: false)
    // No line follows the last LF.
    for line in lines.last?.isEmpty == true ? lines.dropLast() : lines[...] {
      result += (line.last == 13 ? line.dropLast() : line) + [13, 10]
      if let count = left { left = count - 1 } else if line.isEmpty || line == [13] { left = bodyLines }
      if left == 0 { return result }
    }
    return result
  }

  /// The contents of a Maildir by base name: each message, and whether it was read.
  static func state(of maildir: URL) throws -> [String: State] {
    // After a session without QUIT, ocean may still be about to mark what was read.
    try eventually("\(maildir.path) can be read") { try? readState(of: maildir) }
  }

  private static func readState(of maildir: URL) throws -> [String: State] {
    var result: [String: State] = [:]
    for folder in ["new", "cur"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: (maildir / folder).path) {
        let parts = name.split(separator: ":", maxSplits: 1)
        result[String(parts[0])] = State(
          content: Array(try Data(contentsOf: maildir / "\(folder)/\(name)")),
          isSeen: parts.count > 1 && parts[1].contains("S"))
      }
    }
    return result
  }

  struct State: Equatable {
    let content: [UInt8]
    let isSeen: Bool
  }
}
