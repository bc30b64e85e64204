import NIOCore
import OceanPOP3
import TestSupport
import Testing

@Suite struct RandomSessionTests {
  /// Noise gets -ERR and nothing else, and in the end the connection is closed.
  @Test(arguments: 0..<50 as Range<UInt64>, [false, true])
  func `noise is refused`(seed: UInt64, isLoggedIn: Bool) {
    var random = SeededGenerator(seed: seed)
    let noise = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    var interpreter = Interpreter()
    if isLoggedIn {
      interpreter.receive("USER alice\r\nPASS secret\r\n")
    }
    _ = interpreter.takeOutput()
    for piece in noise.pieces(using: &random) {
      interpreter.receive(piece)
    }
    #expect(interpreter.end == .badCommands)
    let replies = interpreter.takeOutput().split(separator: "\r\n")
    #expect(replies.count == SessionPolicy.plain.maxBadCommands)
    #expect(replies.allSatisfy { $0.hasPrefix("-ERR ") })
  }

  /// Commands with damage: the answers are the same however the commands are cut, one for each line, and
  /// contain nothing of the input.
  @Test(arguments: 0..<50 as Range<UInt64>)
  func `damaged commands`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let commands = [
      "CAPA", "NOOP", "RSET", "STAT", "LIST 1", "UIDL 2", "DELE 1", "RETR 2", "TOP 1 1", "USER alice",
      "PASS secret",
      "STLS", "TOP 18446744073709551615 99999999999999999999", "RETR 000000000000000000000000000000003",
    ]
    var client = Array("USER alice\r\nPASS secret\r\n".utf8)
    var count = 2
    for _ in 0..<200 {
      var line = Array((commands.randomElement(using: &random) ?? "").utf8)
      if Bool.random(using: &random) {
        let position = Int.random(in: line.indices, using: &random)
        line[position] = UInt8.random(in: 0...255, using: &random)
      }
      count += 1 + line.count { $0 == 10 }
      client += line + [13, 10]
    }
    var policy = SessionPolicy.plain
    policy.maxBadCommands = .max
    var whole = Interpreter(policy: policy)
    whole.receive(client)
    var cut = Interpreter(policy: policy)
    for piece in client.pieces(using: &random) {
      cut.receive(piece)
    }
    #expect(whole.end == nil)
    #expect(whole.output == cut.output)
    let replies = whole.takeOutput().split(separator: "\r\n").count {
      $0.hasPrefix("+OK") || $0.hasPrefix("-ERR")
    }
    #expect(replies == count + 1)
  }

  /// STAT and LIST agree with a set of the deleted messages.
  @Test(arguments: 0..<5 as Range<UInt64>)
  func `deletions agree with a set`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let drop = FixtureDrop((0..<150).map { String(repeating: "x", count: $0) })
    var interpreter = Interpreter(drop: drop)
    interpreter.receive("USER alice\r\nPASS secret\r\n")
    var deleted: Set<Int> = []
    for _ in 0..<300 {
      if Int.random(in: 0..<100, using: &random) == 0 {
        interpreter.receive("RSET\r\n")
        deleted = []
      } else {
        let index = Int.random(in: 0..<drop.count, using: &random)
        interpreter.receive("DELE \(index + 1)\r\n")
        deleted.insert(index)
      }
      _ = interpreter.takeOutput()
      let left = (0..<drop.count).filter { !deleted.contains($0) }
      let octets = left.reduce(0) { $0 + drop.octets(of: $1) }
      interpreter.receive("STAT\r\nLIST\r\n")
      let listing = left.map { "\($0 + 1) \(drop.octets(of: $0))\r\n" }.joined()
      #expect(
        interpreter.takeOutput()
          == "+OK \(left.count) \(octets)\r\n+OK \(left.count) messages (\(octets) octets)\r\n\(listing).\r\n"
      )
    }
    interpreter.receive("QUIT\r\n")
    #expect(interpreter.update.map { Array($0.deleted) } == deleted.sorted())
    #expect(interpreter.update?.deleted.count == deleted.count)
  }
}
