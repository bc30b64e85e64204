/// Finds IPv6 addresses that YAML cannot take without quotes.
///
/// YAML sees a key in a plain scalar with `::` at either end: `- 2001:db8::` is a mapping, `[::1]` and `bind:
/// 2001:db8::` are syntax errors.
enum BareAddress {
  /// The diagnostic about such an address.
  static func diagnostic(_ address: String, at span: Span) -> Diagnostic {
    Diagnostic(
      .addressReadAsKey, "this address was read as a key", at: span, label: "quote it: \"\(address)\"")
  }

  /// Whether a text is an IPv6 address, prefix or range with `::`.
  ///
  /// This is exact enough to tell it from a key with too many colons; the settings' own parser judges it
  /// later.
  static func matches(_ text: some StringProtocol) -> Bool {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false)
    return text.contains("::") && ends.count <= 2
      && ends.allSatisfy { end in
        let parts = end.split(separator: "/", omittingEmptySubsequences: false)
        let groups = parts[0].split(separator: ":", omittingEmptySubsequences: false)
        return parts.count <= 2 && parts.dropFirst().allSatisfy { $0.count <= 3 && $0.allSatisfy(\.isNumber) }
          && (3...9).contains(groups.count)
          && groups.dropLast().allSatisfy { $0.count <= 4 && $0.allSatisfy(\.isHexDigit) }
          && groups.suffix(1).allSatisfy { $0.count <= 15 && $0.allSatisfy { $0.isHexDigit || $0 == "." } }
      }
  }

  /// The byte range of the address that led to a syntax error, or nil if it was something else.
  static func range(of failure: YAMLFailure, in text: SourceText) -> Range<Int>? {
    switch failure.problem {
    case "found unexpected ':'", "did not find expected node content",
      "mapping values are not allowed in this context":
      break
    default:
      return nil
    }
    let bytes = text.bytes
    var start = text.offset(of: failure.position)
    var end = start
    while start > 0, isPart(bytes[start - 1]) { start -= 1 }
    while end < bytes.count, isPart(bytes[end]) { end += 1 }
    guard end - start <= 96, matches(String(decoding: bytes[start..<end], as: UTF8.self)) else { return nil }
    // `[::1]:995` is one address with its port.
    let port = bytes[end...].dropFirst(2).prefix { (0x30...0x39).contains($0) }
    if start > 0, bytes[start - 1] == UInt8(ascii: "["), bytes[end...].starts(with: "]:".utf8), !port.isEmpty
    {
      start -= 1
      end = port.endIndex
    }
    guard isBoundary(bytes, before: start), isBoundary(bytes, after: end) else { return nil }
    return start..<end
  }

  private static func isPart(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "/"),
      UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private static func isBoundary(_ bytes: [UInt8], before offset: Int) -> Bool {
    guard offset > 0 else { return true }
    let byte = bytes[offset - 1]
    return byte.isBlank || byte.isLineBreak || "[{,".utf8.contains(byte)
  }

  private static func isBoundary(_ bytes: [UInt8], after offset: Int) -> Bool {
    guard offset < bytes.count else { return true }
    let byte = bytes[offset]
    return byte.isBlank || byte.isLineBreak || "]},".utf8.contains(byte)
  }
}
