/// The keys of the outermost object of a JSON text, in their order. They end with the object, or where the
/// text is not JSON or breaks off; nothing is decoded, and only the keys are copied.
struct JSONKeys: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0
  /// Whether the object was read to its end.
  private(set) var isWhole = false

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // A byte-order mark.
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
    skipBlanks()
    guard position < bytes.count, bytes[position] == UInt8(ascii: "{") else {
      position = bytes.count
      return
    }
  }

  mutating func next() -> String? {
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = readString() else { return nil }
        guard depth == 1 else { continue }
        skipBlanks()
        // A string of this object is a key if a colon follows.
        if position < bytes.count, bytes[position] == UInt8(ascii: ":") {
          return String(decoding: bytes[string], as: UTF8.self)
        }
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 {
          isWhole = true
          position = bytes.count
        }
      default:
        if !Self.isPlain(byte) { position = bytes.count }
      }
    }
    return nil
  }

  /// The text between the quotes; nil if it does not end.
  private mutating func readString() -> Range<Int>? {
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\\"): position += 2
      case UInt8(ascii: "\""):
        position += 1
        return start..<(position - 1)
      default: position += 1
      }
    }
    return nil
  }

  private mutating func skipBlanks() {
    while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { [9, 10, 13, 32].contains(byte) }

  /// Whether JSON allows this byte outside of strings: blanks, separators, numbers and the words null, true
  /// and false (RFC 8259 §2). A YAML mapping in braces has more.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 9, 10, 13, 32, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "E"): true
    case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "f"), UInt8(ascii: "l"), UInt8(ascii: "n"),
      UInt8(ascii: "r"), UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "u"):
      true
    default: false
    }
  }
}
