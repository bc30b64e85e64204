/// The anchor and tag in front of a node (YAML 1.2 §6.9). libyaml does not keep their places.
struct NodeProperties {
  /// The byte range of the tag.
  private(set) var tag: Range<Int>?
  /// The byte offset of what follows.
  private(set) var end: Int

  /// Reads the properties; `offset` is that of the first.
  init(in text: SourceText, from offset: Int) {
    let bytes = text.bytes
    end = offset
    var hasAnchor = false
    while end < bytes.count {
      switch bytes[end] {
      case UInt8(ascii: "&") where !hasAnchor:
        hasAnchor = true
        repeat { end += 1 } while end < bytes.count && Self.isPartOfAnchor(bytes[end])
      case UInt8(ascii: "!") where tag == nil:
        let start = end
        while end < bytes.count, !bytes[end].isBlank, !bytes[end].isLineBreak,
          !",]}".utf8.contains(bytes[end])
        {
          end += 1
        }
        tag = start..<end
      case UInt8(ascii: "#"):
        while end < bytes.count, !bytes[end].isLineBreak { end += 1 }
      case let byte where byte.isBlank || byte.isLineBreak:
        end += 1
      default:
        return
      }
    }
  }

  /// Whether libyaml allows this letter in an anchor's name.
  private static func isPartOfAnchor(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
