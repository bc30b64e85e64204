/// A character that looks like one of YAML's own, stands where that would, and is part of a text to YAML.
///
/// Word processors and mobile keyboards put them in the place of what was typed: `“a”`, `– item`, `key： value`.
struct LookAlike {
  enum Kind {
    case quote
    case dash
    case colon
    case comma
    case bracket
  }

  let kind: Kind
  let scalar: Unicode.Scalar
  /// In bytes.
  let range: Range<Int>

  /// The first one in a range of one line.
  ///
  /// - Parameters:
  ///   - range: begins where a key, a value or an item may begin.
  ///   - isFlow: whether a comma would end it.
  static func first(in range: Range<Int>, of text: SourceText, isFlow: Bool) -> LookAlike? {
    var scan = Scan(text, range, isFlow: isFlow)
    while scan.offset < range.upperBound {
      if let found = scan.step() { return found }
    }
    return nil
  }

  /// The first typographic quote in a range, wherever it stands.
  static func quote(in range: Range<Int>, of text: SourceText) -> LookAlike? {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let (scalar, next) = text.scalar(at: offset, limit: range.upperBound)
      if scalar.isTypographicQuote { return LookAlike(kind: .quote, scalar: scalar, range: offset..<next) }
      offset = next
    }
    return nil
  }

  func diagnostic(at span: Span) -> Diagnostic {
    let (what, help) =
      switch kind {
      case .quote:
        ("is a typographic quote, and only straight quotes enclose a text", "write \" in its place")
      case .dash: ("does not begin a list item", "write - and a space")
      case .colon: ("does not end a key", "write : and a space")
      case .comma: ("does not separate items", "write , and a space")
      case .bracket: ("is not a bracket to YAML", "write [ ] or { }")
      }
    return Diagnostic(
      .lookAlike, "\(scalar) (\(scalar.name)) \(what)", at: span,
      help: "\(help); if it is part of the text, put the whole text in straight quotes")
  }
}

/// Goes through a line as far as there may be something that only looks right: up to a comment.
private struct Scan {
  private let text: SourceText
  private let end: Int
  private let isFlow: Bool
  private(set) var offset: Int
  /// A key, a value or an item may begin here.
  private var mayBegin = true
  /// Since it began there was nothing but ASCII.
  private var isASCII = true
  private var isEmpty = true
  private var previous: Unicode.Scalar = " "

  init(_ text: SourceText, _ range: Range<Int>, isFlow: Bool) {
    self.text = text
    self.isFlow = isFlow
    offset = range.lowerBound
    end = range.upperBound
  }

  private func isBlankOrEnd(_ offset: Int) -> Bool {
    guard offset < end else { return true }
    let scalar = text.scalar(at: offset, limit: end).scalar
    return scalar == " " || scalar == "\t" || scalar.isDisguisedSpace
  }

  private mutating func begin() {
    (mayBegin, isASCII, isEmpty) = (true, true, true)
  }

  mutating func step() -> LookAlike? {
    let start = offset
    let (scalar, next) = text.scalar(at: start, limit: end)
    offset = next
    defer { previous = scalar }
    if scalar == " " || scalar == "\t" { return nil }
    if scalar == "#", previous == " " || previous == "\t" {
      offset = end
      return nil
    }
    if let kind = kind(of: scalar, next: next) {
      return LookAlike(kind: kind, scalar: scalar, range: start..<next)
    }
    switch scalar {
    case "\"" where mayBegin, "'" where mayBegin:
      // To its end, or that of the line.
      let rest = text.bytes[next..<end]
      let quote = UInt8(ascii: scalar)
      offset = rest.firstIndex(of: quote).map { $0 + 1 } ?? end
      mayBegin = false
    case "[", "{", ",": begin()
    case ":" where isBlankOrEnd(next): begin()
    case "-" where mayBegin && isBlankOrEnd(next): begin()
    default:
      mayBegin = false
      isEmpty = false
      isASCII = isASCII && scalar.isASCII
    }
    return nil
  }

  private func kind(of scalar: Unicode.Scalar, next: Int) -> LookAlike.Kind? {
    guard !scalar.isASCII else { return nil }
    if mayBegin {
      if scalar.isTypographicQuote { return .quote }
      if scalar.isWideBracket { return .bracket }
      if scalar.isDashOrBullet, isBlankOrEnd(next) { return .dash }
    }
    // In a text of another script they are at home.
    guard isASCII, !isEmpty else { return nil }
    if scalar.isWideColon, isBlankOrEnd(next) { return .colon }
    return scalar.isWideComma && isFlow ? .comma : nil
  }
}

extension SourceText {
  /// The scalar at an offset, and the offset behind it.
  func scalar(at offset: Int, limit: Int) -> (scalar: Unicode.Scalar, next: Int) {
    if bytes[offset] < 0x80 { return (Unicode.Scalar(bytes[offset]), offset + 1) }
    let next = max(self.offset(from: offset, advancedBy: 1, limit: limit), offset + 1)
    let text = String(decoding: bytes[offset..<min(next, bytes.count)], as: UTF8.self)
    return (text.unicodeScalars.first ?? "\u{fffd}", next)
  }
}

extension Unicode.Scalar {
  var isTypographicQuote: Bool {
    switch value {
    case 0xab, 0xb4, 0xbb, 0x2018...0x201f, 0x2032, 0x2033, 0x2039, 0x203a, 0x300c...0x300f, 0xff02, 0xff07:
      true
    default: false
    }
  }

  fileprivate var isDashOrBullet: Bool {
    switch value {
    case 0xb7, 0x2010...0x2015, 0x2022, 0x2023, 0x2043, 0x2212, 0x2219, 0x25aa, 0x25cf, 0x25e6, 0xfe63,
      0xff0d:
      true
    default: false
    }
  }

  fileprivate var isWideColon: Bool { [0x2236, 0xa789, 0xfe13, 0xfe55, 0xff1a].contains(value) }

  fileprivate var isWideComma: Bool { [0x3001, 0xfe50, 0xff0c].contains(value) }

  fileprivate var isWideBracket: Bool { [0x3010, 0x3011, 0xff3b, 0xff3d, 0xff5b, 0xff5d].contains(value) }
}
