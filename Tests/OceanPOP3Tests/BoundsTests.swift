import NIOCore
import OceanPOP3
import Testing

/// Memory does not grow with what a client sends, nor with its mailbox.
@Suite struct BoundsTests {
  @Test func anIdleSessionIsSmall() {
    #expect(MemoryLayout<Session<FixtureDrop>>.size <= 300)
  }

  @Test(arguments: ["LIST", "UIDL"]) func aMillionMessagesAreListedInPieces(command: String) {
    let count = 1_000_000
    var (session, input, output) = loggedIn(VastDrop(count: count))
    input.writeString("DELE 1\r\nDELE 500000\r\n\(command)\r\nNOOP\r\n")
    #expect(session.next(input: &input, output: &output) == .proceed)
    #expect(session.next(input: &input, output: &output) == .proceed)
    output.clear()

    var lines = 0
    var tail = ""
    while session.next(input: &input, output: &output) == .proceed {
      #expect(output.readableBytes < 17 * 1024)
      lines += output.readableBytesView.count { $0 == 10 }
      tail = String(tail.suffix(100)) + String(buffer: output)
      output.clear()
    }
    // The first line, the messages left, the terminator, and NOOP's reply.
    #expect(lines == 1 + count - 2 + 1 + 1)
    let id = command == "LIST" ? "1000" : String(repeating: "u", count: 70)
    #expect(tail.hasSuffix("\r\n1000000 \(id)\r\n.\r\n+OK nothing done\r\n"))
  }

  /// A step of a listing is short even where it has nothing to write.
  @Test func deletedMessagesAreSkippedInPieces() {
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
  @Test func anEndlessLineIsNotKept() {
    var interpreter = Interpreter()
    _ = interpreter.takeOutput()
    for _ in 0..<1000 {
      interpreter.receive(repeatElement(UInt8(ascii: "a"), count: 1000))
      #expect(interpreter.input.readableBytes == 0)
      interpreter.input.discardReadBytes()
    }
    #expect(interpreter.takeOutput() == "-ERR line is too long\r\n")
    interpreter.receive("\r\nQUIT\r\n")
    #expect(interpreter.takeOutput() == "+OK bye\r\n")
  }

  /// Trap 15: one message at a time, in order, whatever is pipelined.
  @Test func pipelinedRetrievalsComeOneByOne() {
    var (session, input, output) = loggedIn(VastDrop(count: 2000))
    for number in 1...2000 {
      input.writeString("RETR \(number)\r\n")
    }
    for index in 0..<2000 {
      #expect(session.next(input: &input, output: &output) == .open(message: index, lines: nil))
      #expect(session.next(input: &input, output: &output) == .wait)
      session.messageOpened(output: &output)
      #expect(session.next(input: &input, output: &output) == .wait)
      #expect(output == ByteBuffer(string: "+OK 1000 octets\r\n"))
      session.messageSent()
      output.clear()
    }
    #expect(session.next(input: &input, output: &output) == .read)
  }

  private func loggedIn(_ drop: VastDrop) -> (Session<VastDrop>, ByteBuffer, ByteBuffer) {
    var session = Session<VastDrop>(policy: .plain)
    var input = ByteBuffer(string: "USER alice\r\nPASS secret\r\n")
    var output = ByteBuffer()
    _ = session.next(input: &input, output: &output)
    _ = session.next(input: &input, output: &output)
    session.loginSucceeded(drop, output: &output)
    output.clear()
    return (session, input, output)
  }
}
