/// The anchor and tag in front of a node (YAML 1.2 §6.9), of which libyaml keeps no places.
struct NodeProperties {
  /// Byte range of the tag.
  private(set) var tag: Range<Int>?
  /// Byte offset of what follows.
  private(set) var end: Int

  /// `offset` is that of the first property.
  init(in text: SourceText, from offset: Int) {
    let bytes = text.bytes
    end = offset
    while end < bytes.count {
      switch bytes[end] {
      case UInt8(ascii: "&"), UInt8(ascii: "!"):
        let start = end
        while end < bytes.count, !bytes[end].isBlank, !bytes[end].isLineBreak,
          !",]}".utf8.contains(bytes[end])
        {
          end += 1
        }
        if bytes[start] == UInt8(ascii: "!") { tag = start..<end }
      case UInt8(ascii: "#"):
        while end < bytes.count, !bytes[end].isLineBreak { end += 1 }
      case let byte where byte.isBlank || byte.isLineBreak:
        end += 1
      default:
        return
      }
    }
  }
}
