import NIOCore
import OceanPOP3
import TestSupport

/// A client's octets, and outcomes of the actions that the session asks for.
///
/// The first octet says what is allowed, the second decides how logins, messages and deletions end, the third
/// where the input is cut; the rest comes from the client. Each octet 0x16 in it begins a TLS handshake if
/// the session waits for one. The session does and says the same however the input arrives.
@_cdecl("fuzz_session")
func fuzzSession(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  guard bytes.count >= 3 else { return 0 }
  let segments = bytes[3...].split(separator: 0x16, omittingEmptySubsequences: false).map(Array.init)

  func run(_ cut: (_ segment: [UInt8]) -> [ArraySlice<UInt8>], lateAnswers: Bool = false) -> SessionRun {
    var run = SessionRun(options: bytes[0], seed: bytes[1])
    for (index, segment) in segments.enumerated() {
      // TLS takes the octet, or it is one more octet of a line. The input is cut here in every run, because
      // the place decides where input is forgotten.
      if index > 0, !run.finishHandshake() { run.receive([0x16], isAnswered: true) }
      let pieces = cut(segment)
      for (position, piece) in pieces.enumerated() {
        run.receive(piece, isAnswered: !lateAnswers || position == pieces.count - 1)
      }
    }
    run.hangUp()
    return run
  }

  let whole = run { [$0[...]] }
  var random = SeededGenerator(seed: UInt64(bytes[2]))
  let cut = run({ $0.pieces(using: &random) }, lateAnswers: true)
  let dripping = run { segment in segment.indices.map { segment[$0...$0] } }
  precondition(whole.sent == cut.sent && whole.end == cut.end && whole.removed == cut.removed)
  precondition(whole.sent == dripping.sent && whole.end == dripping.end && whole.removed == dripping.removed)
  return 0
}
