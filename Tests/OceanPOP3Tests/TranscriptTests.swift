import OceanPOP3
import TestSupport
import Testing

@Suite struct TranscriptTests {
  /// Every answer comes where the transcript has it.
  @Test(arguments: Transcript.all)
  func `in lockstep`(_ transcript: Transcript) {
    var interpreter = transcript.interpreter
    for exchange in transcript.exchanges {
      interpreter.receive(exchange.client)
      #expect(interpreter.takeOutput() == exchange.server)
    }
    expectEnd(of: interpreter, transcript)
  }

  /// RFC 2449 §6.6: the same octets when all commands come at once.
  @Test(arguments: Transcript.all)
  func `pipelined`(_ transcript: Transcript) {
    var interpreter = transcript.interpreter
    interpreter.receive(transcript.client)
    #expect(interpreter.takeOutput() == transcript.server)
    expectEnd(of: interpreter, transcript)
  }

  @Test(arguments: Transcript.all)
  func `octet by octet`(_ transcript: Transcript) {
    var interpreter = transcript.interpreter
    for octet in transcript.client {
      interpreter.receive([octet])
    }
    #expect(interpreter.takeOutput() == transcript.server)
    expectEnd(of: interpreter, transcript)
  }

  @Test(arguments: Transcript.all)
  func `in random pieces`(_ transcript: Transcript) {
    var random = SeededGenerator(seed: 1939)
    for _ in 0..<50 {
      var interpreter = transcript.interpreter
      for piece in transcript.client.pieces(using: &random) {
        interpreter.receive(piece)
      }
      #expect(interpreter.takeOutput() == transcript.server)
      expectEnd(of: interpreter, transcript)
    }
  }

  private func expectEnd(of interpreter: Interpreter, _ transcript: Transcript) {
    #expect(interpreter.end == transcript.end)
    #expect(interpreter.update.map { Array($0.deleted) } == transcript.deleted)
    if let retrieved = transcript.retrieved {
      #expect(interpreter.update.map { Array($0.retrieved) } == retrieved)
    }
  }
}
