import NIOCore
import OceanPOP3
import Testing

/// Memory does not grow with a client's input, nor with its mailbox.
@Suite struct BoundsTests {
  @Test func `an idle session is small`() {
    #expect(MemoryLayout<Session>.size <= 300)
  }

  /// - Parameter width: the octets of a message's size or unique id.
  @Test(arguments: [("LIST", 1_000_000, 4), ("UIDL", 100_000, 70)])
  func `large mailboxes are listed in pieces`(command: String, count: Int, width: Int) {
    var (session, input, output) = loggedIn(VastDrop(count: count))
    input.writeString("DELE 1\r\nDELE 50000\r\n\(command)\r\n")
    for _ in 1...3 {
      #expect(session.next(input: &input, output: &output) == .proceed)
    }
    output.clear()

    var total = 0
    var largest = 0
    var last = ByteBuffer()
    while session.next(input: &input, output: &output) == .proceed {
      total += output.readableBytes
      largest = max(largest, output.readableBytes)
      swap(&last, &output)
      output.clear()
    }
    #expect(largest < 17 * 1024)
    // Every number has one digit, every number from 10 another, and so on; without the digits of 1 and 50000.
    let digits =
      [1, 10, 100, 1000, 10_000, 100_000, 1_000_000].reduce(0) { $0 + max(0, count - $1 + 1) } - 1 - 5
    #expect(total == digits + (count - 2) * (" ".utf8.count + width + "\r\n".utf8.count) + ".\r\n".utf8.count)
    #expect(String(buffer: last).hasSuffix("\r\n.\r\n"))
  }

  /// A step of a listing is short even if it has nothing to write.
  @Test func `deleted messages are skipped in pieces`() {
    let count = 100_000
    var (session, input, output) = loggedIn(VastDrop(count: count))
    for number in 1...count {
      input.writeString("DELE \(number)\r\n")
    }
    input.writeString("LIST\r\n")
    for _ in 1...count {
      _ = session.next(input: &input, output: &output)
    }
    output.clear()
    var steps = 0
    while session.next(input: &input, output: &output) == .proceed {
      steps += 1
    }
    #expect(output == ByteBuffer(string: "+OK 0 messages (0 octets)\r\n.\r\n"))
    #expect(steps > 5)
  }

  /// Trap 13: an endless line is thrown away as it comes.
  @Test func `an endless line is not kept`() {
    var interpreter = Interpreter()
    _ = interpreter.takeOutput()
    for _ in 0..<1000 {
      interpreter.receive(repeatElement(UInt8(ascii: "a"), count: 1000))
      #expect(interpreter.input.readableBytes == 0)
      interpreter.input.clear()
      interpreter.run()
    }
    #expect(interpreter.takeOutput() == "-ERR line is too long\r\n")
    interpreter.receive("\r\nQUIT\r\n")
    #expect(interpreter.takeOutput() == "+OK bye\r\n")
  }

  /// Trap 15: one message at a time, in order, whatever is pipelined.
  @Test func `pipelined retrievals come one by one`() {
    var (session, input, output) = loggedIn(VastDrop(count: 2000))
    for number in 1...2000 {
      input.writeString("RETR \(number)\r\n")
    }
    for index in 0..<2000 {
      #expect(session.next(input: &input, output: &output) == .open(message: index, lines: nil))
      #expect(session.next(input: &input, output: &output) == .wait)
      session.messageOpened(octets: 1000, output: &output)
      #expect(session.next(input: &input, output: &output) == .wait)
      #expect(output == ByteBuffer(string: "+OK 1000 octets\r\n"))
      session.messageSent()
      output.clear()
    }
    #expect(session.next(input: &input, output: &output) == .read)
  }

  private func loggedIn(_ drop: VastDrop) -> (Session, ByteBuffer, ByteBuffer) {
    var session = Session(policy: .plain)
    var input = ByteBuffer(string: "USER alice\r\nPASS secret\r\n")
    var output = ByteBuffer()
    _ = session.next(input: &input, output: &output)
    _ = session.next(input: &input, output: &output)
    session.loginSucceeded(drop, output: &output)
    output.clear()
    return (session, input, output)
  }
}
