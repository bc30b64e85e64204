/// The bytes given to libyaml: the text, with everything that would end its parse replaced by something
/// harmless of the same length. So the rest is read too and no position moves.
struct RepairedText {
  private let source: SourceID
  private let text: SourceText
  private(set) var bytes: [UInt8]
  private(set) var diagnostics: [Diagnostic] = []
  private var addressCount = 0

  init(source: SourceID, text: SourceText) {
    self.source = source
    self.text = text
    bytes = text.bytes
    disableDirectives()
  }

  /// Whether plain scalars may read differently from how they were written.
  var holdsDisguises: Bool { addressCount > 0 }

  /// Whether another parse is allowed: every repaired address costs one. The bound is 64 for a file of up to
  /// 64 KiB, and falls to one for a file of over 2 MiB.
  var mayBeReadAgain: Bool {
    addressCount <= min(64, max(1, (4 << 20) / max(1, bytes.count)))
  }

  /// Whether an address has been repaired already, so that it is not the mistake any more.
  func isRepaired(_ range: Range<Int>) -> Bool {
    bytes[range] != text.bytes[range]
  }

  /// Makes libyaml read an address it choked on as if it were quoted, and reports it.
  mutating func repairAddress(at range: Range<Int>) {
    let span = Span(
      source: source, start: text.position(of: range.lowerBound), end: text.position(of: range.upperBound))
    let address = String(decoding: text.bytes[range], as: UTF8.self)
    diagnostics.append(BareAddress.diagnostic(address, at: span))
    addressCount += 1
    for index in range where ":-[]".utf8.contains(bytes[index]) {
      bytes[index] = UInt8(ascii: "_")
    }
  }

  /// Reports `%YAML` and `%TAG` lines and turns them into comments. (libyaml takes quadratic time for
  /// many `%TAG`s.) They stand before a document's first line: at the start, or after `...`.
  private mutating func disableDirectives() {
    let original = text.bytes
    var mayStandHere = true
    var start = text.contentStart
    while start < original.count {
      var end = start
      while end < original.count, !original[end].isLineBreak { end += 1 }
      let line = original[start..<end]
      if line.starts(with: "...".utf8) {
        mayStandHere = true
      } else if mayStandHere, line.first == UInt8(ascii: "%") {
        // Several directives are one mistake.
        if diagnostics.isEmpty {
          let span = Span(source: source, start: text.position(of: start), end: text.position(of: end))
          diagnostics.append(
            Diagnostic(
              .directive, "directives are not supported", at: span, help: "remove the lines that begin with %"
            ))
        }
        bytes[start] = UInt8(ascii: "#")
      } else if let first = line.first(where: { !$0.isBlank }), first != UInt8(ascii: "#") {
        mayStandHere = false
      }
      start = end + 1
    }
  }
}
