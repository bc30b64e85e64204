/// A DNS host name in the form in which names are compared: ASCII, lower case, no trailing dot.
///
/// RFC 6066 §3 sends internationalised names as A-labels, and so do certificates; a name with other
/// characters matches nothing.
enum ServerName {
  /// Folds a name; nil if `bytes` are not a host name. `*` is allowed as the whole left label; `_` occurs in
  /// practice.
  static func fold(_ bytes: some Collection<UInt8>) -> String? {
    var name = bytes.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    if name.last == UInt8(ascii: ".") { name.removeLast() }
    guard (1...253).contains(name.count) else { return nil }
    let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    for (index, label) in labels.enumerated() {
      if index == 0, labels.count > 1, label.elementsEqual([UInt8(ascii: "*")]) { continue }
      guard (1...63).contains(label.count), label.allSatisfy(isHostCharacter) else { return nil }
    }
    return String(decoding: name, as: UTF8.self)
  }

  private static func isHostCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
  }
}
