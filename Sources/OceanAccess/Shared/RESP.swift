internal import OceanBase

/// A value of the protocol that Valkey and Redis speak (RESP2).
package enum RESPValue: Sendable, Hashable {
  case text([UInt8])
  case number(Int64)
  case list([RESPValue])
  case error(String)
  case null

  package enum Malformed: Error, Hashable, Sendable {
    case unknownType, badNumber, badEnd, tooLong, tooDeep
  }

  /// The most octets of a text, and of a line.
  static let maxText = 64 << 10
  /// The most elements of a reply, those of lists in it included.
  static let maxElements = 16 << 10
  /// How deep lists may be in each other.
  static let maxDepth = 4
  /// The most octets of a whole reply.
  package static let maxReply = 4 << 20

  /// Reads the first value.
  ///
  /// - Returns: the value and how many octets it has; nil if more must be received first.
  package static func read(
    _ bytes: UnsafeRawBufferPointer
  ) throws(Malformed) -> (value: RESPValue, length: Int)? {
    var reader = RESPReader(bytes)
    guard let value = try reader.value(depth: 0) else {
      guard bytes.count <= maxReply else { throw .tooLong }
      return nil
    }
    return (value, reader.position)
  }

  /// A command as it is sent.
  package static func command(_ words: [[UInt8]]) -> [UInt8] {
    var bytes = Array("*\(words.count)\r\n".utf8)
    for word in words {
      bytes += Array("$\(word.count)\r\n".utf8)
      bytes += word
      bytes += [13, 10]
    }
    return bytes
  }

  // MARK: - What is in it

  package var string: String? {
    if case .text(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  package var int: Int64? {
    switch self {
    case .number(let number): number
    case .text: string.flatMap { Int64($0) }
    default: nil
    }
  }

  package var elements: [RESPValue]? {
    if case .list(let elements) = self { elements } else { nil }
  }

  /// The values of a list of names and values, which is what HELLO answers with.
  package subscript(name name: String) -> RESPValue? {
    guard let elements else { return nil }
    for index in stride(from: 0, to: elements.count - 1, by: 2) where elements[index].string == name {
      return elements[index + 1]
    }
    return nil
  }
}

/// Reads values from octets that may not be all there yet. Everything that a peer can make large has a bound.
private struct RESPReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0
  private var elements = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func value(depth: Int) throws(RESPValue.Malformed) -> RESPValue? {
    elements += 1
    guard elements <= RESPValue.maxElements else { throw .tooLong }
    guard let line = try line(), let type = line.first else { return nil }
    let rest = line.dropFirst()
    switch type {
    case UInt8(ascii: "+"): return .text(Array(rest))
    case UInt8(ascii: "-"): return .error(String(decoding: rest, as: UTF8.self))
    case UInt8(ascii: ":"): return .number(try number(rest))
    case UInt8(ascii: "$"):
      let count = try number(rest)
      guard count >= 0 else { return .null }
      guard count <= RESPValue.maxText else { throw .tooLong }
      return try text(Int(count))
    case UInt8(ascii: "*"):
      let count = try number(rest)
      guard count >= 0 else { return .null }
      guard depth < RESPValue.maxDepth else { throw .tooDeep }
      guard count <= RESPValue.maxElements else { throw .tooLong }
      var list: [RESPValue] = []
      for _ in 0..<count {
        guard let element = try value(depth: depth + 1) else { return nil }
        list.append(element)
      }
      return .list(list)
    default: throw .unknownType
    }
  }

  /// The next line without its end.
  private mutating func line() throws(RESPValue.Malformed) -> UnsafeRawBufferPointer.SubSequence? {
    let rest = bytes[position...].prefix(RESPValue.maxText + 2)
    guard let end = rest.firstIndex(of: 13), end + 1 < bytes.count else {
      guard rest.count < RESPValue.maxText else { throw .tooLong }
      // What is no reply at all is said at once, not when it is long enough.
      if let type = rest.first, !"+-:$*".utf8.contains(type) { throw .unknownType }
      return nil
    }
    guard bytes[end + 1] == 10, end > position else { throw .badEnd }
    defer { position = end + 2 }
    return bytes[position..<end]
  }

  private mutating func text(_ count: Int) throws(RESPValue.Malformed) -> RESPValue? {
    let end = position + count
    guard end + 2 <= bytes.count else { return nil }
    guard bytes[end] == 13, bytes[end + 1] == 10 else { throw .badEnd }
    defer { position = end + 2 }
    return .text(Array(bytes[position..<end]))
  }

  private func number(_ digits: UnsafeRawBufferPointer.SubSequence) throws(RESPValue.Malformed) -> Int64 {
    guard digits.count <= 20, let number = Int64(String(decoding: digits, as: UTF8.self)) else {
      throw .badNumber
    }
    return number
  }
}
