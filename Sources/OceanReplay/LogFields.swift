import Glibc

/// Where the fields of a line are that matter here. Lines go from one thread to another, so this is small.
struct LogFields {
  /// Where a text is in the line's bytes.
  struct Text {
    fileprivate var start: UInt16 = 0
    fileprivate var count = UInt16.max

    var isMissing: Bool { count == .max }
  }

  /// No line that is read has more bytes.
  private static let maxBytes = Int(UInt16.max) - 1

  private let bytes: UnsafeRawBufferPointer
  private(set) var time = Text()
  private(set) var event = Text()
  private(set) var service = Text()
  private(set) var peer = Text()
  private(set) var proxy = Text()
  private(set) var local = Text()
  private(set) var tls = Text()
  private(set) var user = Text()
  private(set) var outcome = Text()
  private var knownMilliseconds: Int64 = -1

  /// For how long the connection was open; nil if the line does not say it.
  var milliseconds: Int64? { knownMilliseconds < 0 ? nil : knownMilliseconds }

  /// The bytes of a text; nil if the line does not have it.
  @inline(__always)
  subscript(_ text: Text) -> UnsafeRawBufferPointer? {
    text.isMissing
      ? nil : UnsafeRawBufferPointer(rebasing: bytes[Int(text.start)..<Int(text.start) + Int(text.count)])
  }

  /// - Parameter ranges: those of the time, event, service, peer, proxy, local, TLS version, user, and outcome.
  /// - Returns: nil if there are more bytes than a line has.
  init?(_ bytes: UnsafeRawBufferPointer, _ ranges: [Range<Int>?], milliseconds: Int64?) {
    guard bytes.count <= Self.maxBytes else { return nil }
    self.bytes = bytes
    let texts = ranges.map { range in
      range.map { Text(start: UInt16(clamping: $0.lowerBound), count: UInt16(clamping: $0.count)) } ?? Text()
    }
    (time, event, service) = (texts[0], texts[1], texts[2])
    (peer, proxy, local) = (texts[3], texts[4], texts[5])
    (tls, user, outcome) = (texts[6], texts[7], texts[8])
    knownMilliseconds = milliseconds ?? -1
  }

  /// Reads a line as the server writes it: one object, texts in ASCII without escapes, plain numbers.
  ///
  /// - Parameter keys: those of the line before; afterwards those of this one.
  /// - Returns: nil for any other line, whether it is JSON or not: a decoder reads it then. So each line has one
  ///   meaning, and this is only faster.
  init?(plain line: UnsafeRawBufferPointer, _ keys: inout LineKeys) {
    guard line.count <= Self.maxBytes else { return nil }
    bytes = line
    var scanner = PlainScanner(line)
    var found: UInt16 = 0
    var number = 0
    guard scanner.take(UInt8(ascii: "{")) else { return nil }
    repeat {
      let field: Field?
      if let known = scanner.take(keys, number) {
        field = known.field
      } else {
        let start = scanner.position
        guard let key = scanner.text(), scanner.take(UInt8(ascii: ":")) else { return nil }
        field = self[key].flatMap(Field.init)
        keys.set(number, field, UnsafeRawBufferPointer(rebasing: line[start..<scanner.position]))
      }
      number += 1
      if let field {
        // Of two fields with one name, only a decoder knows which one counts.
        guard found & field.rawValue == 0 else { return nil }
        found |= field.rawValue
      }
      guard scanner.isAtText else {
        guard field == nil || field == .seconds else {
          guard scanner.literal(isNull: true) else { return nil }
          continue
        }
        if field == .seconds {
          guard let value = scanner.milliseconds() else { return nil }
          knownMilliseconds = value
        } else {
          guard scanner.isAtNumber ? scanner.number() : scanner.literal(isNull: false) else { return nil }
        }
        continue
      }
      guard let value = scanner.text() else { return nil }
      switch field {
      case .time: time = value
      case .event: event = value
      case .service: service = value
      case .peer: peer = value
      case .proxy: proxy = value
      case .local: local = value
      case .tls: tls = value
      case .user: user = value
      case .outcome: outcome = value
      case .seconds: return nil
      case nil: break
      }
    } while scanner.take(UInt8(ascii: ","))
    guard scanner.take(UInt8(ascii: "}")), scanner.isAtEnd else { return nil }
  }

  fileprivate enum Field: UInt16 {
    case time = 1
    case event = 2
    case service = 4
    case peer = 8
    case proxy = 16
    case local = 32
    case tls = 64
    case user = 128
    case outcome = 256
    case seconds = 512

    init?(_ key: UnsafeRawBufferPointer) {
      switch key.count {
      case 3 where key.isText("tls"): self = .tls
      case 4 where key.isText("time"): self = .time
      case 4 where key.isText("peer"): self = .peer
      case 4 where key.isText("user"): self = .user
      case 5 where key.isText("event"): self = .event
      case 5 where key.isText("local"): self = .local
      case 5 where key.isText("proxy"): self = .proxy
      case 7 where key.isText("service"): self = .service
      case 7 where key.isText("outcome"): self = .outcome
      case 7 where key.isText("seconds"): self = .seconds
      default: return nil
      }
    }
  }
}

/// The keys of a line, in their order. Most lines have those of the line before, which then need not be taken apart.
struct LineKeys {
  fileprivate struct Key {
    /// The key with its quotes and the colon, as two words, and which of their bits it has.
    let words: (UInt64, UInt64)
    let masks: (UInt64, UInt64)
    let count: Int
    let field: LogFields.Field?
  }

  fileprivate static let maxCount = 16
  private static let maxKeys = 32

  fileprivate private(set) var keys: [Key] = []

  /// Keeps a key.
  ///
  /// - Parameter bytes: from its quote to its colon. One that is too long, or has white space before it, is not kept.
  fileprivate mutating func set(_ number: Int, _ field: LogFields.Field?, _ bytes: UnsafeRawBufferPointer) {
    guard number < Self.maxKeys, number <= keys.count, bytes.count <= Self.maxCount,
      bytes.first == UInt8(ascii: "\"")
    else { return }
    var words: (UInt64, UInt64) = (0, 0)
    var masks: (UInt64, UInt64) = (0, 0)
    for (place, byte) in bytes.enumerated() {
      let shift = UInt64(8 * (place % 8))
      if place < 8 {
        words.0 |= UInt64(byte) << shift
        masks.0 |= 0xff << shift
      } else {
        words.1 |= UInt64(byte) << shift
        masks.1 |= 0xff << shift
      }
    }
    let key = Key(words: words, masks: masks, count: bytes.count, field: field)
    if number < keys.count { keys[number] = key } else { keys.append(key) }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether these are the bytes of a text. Inlined, so that a short text is a comparison of one number.
  @inline(__always)
  func isText(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount, let baseAddress else { return false }
    return memcmp(baseAddress, text.utf8Start, text.utf8CodeUnitCount) == 0
  }
}

/// Reads the parts of a plain line of JSON (RFC 8259), skipping the white space before each.
private struct PlainScanner {
  private static let maxMilliseconds: Int64 = 1_000_000_000_000

  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next byte that is not white space; 0, which nothing plain begins with, at the end.
  @inline(__always)
  private mutating func next() -> UInt8 {
    while position < bytes.count {
      let byte = bytes[position]
      guard byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d else { return byte }
      position += 1
    }
    return 0
  }

  var isAtEnd: Bool {
    mutating get {
      _ = next()
      return position == bytes.count
    }
  }

  var isAtText: Bool { mutating get { next() == UInt8(ascii: "\"") } }

  var isAtNumber: Bool { mutating get { next() &- 0x30 < 10 } }

  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    guard next() == byte else { return false }
    position += 1
    return true
  }

  /// Takes a key with its colon, if it comes at once and is the one of this number.
  @inline(__always)
  mutating func take(_ keys: LineKeys, _ number: Int) -> LineKeys.Key? {
    guard number < keys.keys.count, bytes.count - position >= LineKeys.maxCount else { return nil }
    let key = keys.keys[number]
    let first = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    let second = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self))
    guard (first ^ key.words.0) & key.masks.0 | (second ^ key.words.1) & key.masks.1 == 0 else { return nil }
    position += key.count
    return key
  }

  /// A text without its quotes; nil if there is none, or one that has escapes or more than ASCII.
  @inline(__always)
  mutating func text() -> LogFields.Text? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    let start = position
    skipPlain()
    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return nil }
    let count = position - start
    position += 1
    return LogFields.Text(
      start: UInt16(truncatingIfNeeded: start), count: UInt16(truncatingIfNeeded: count))
  }

  /// Goes to the next byte that is not plain text: a quote, an escape, a control character, or not ASCII.
  @inline(__always)
  private mutating func skipPlain() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    while position + 8 <= bytes.count {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      let (quote, escape) = (word ^ (ones &* 0x22), word ^ (ones &* 0x5c))
      // The lowest bit that is set is exact: borrows only reach what is above a match.
      let found =
        ((quote &- ones) & ~quote | (escape &- ones) & ~escape | (word &- ones &* 0x20) & ~word | word)
        & highs
      if found != 0 {
        position += found.trailingZeroBitCount / 8
        return
      }
      position += 8
    }
    while position < bytes.count, (0x20..<0x80).contains(bytes[position]), bytes[position] != 0x22,
      bytes[position] != 0x5c
    {
      position += 1
    }
  }

  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, bytes[position] &- 0x30 < 10 { position += 1 }
    return position - start
  }

  /// Skips a number without an exponent.
  mutating func number() -> Bool {
    let first = next()
    guard first &- 0x30 < 10 else { return false }
    let whole = digits()
    guard whole == 1 || first != 0x30 else { return false }
    guard position < bytes.count, bytes[position] == UInt8(ascii: ".") else { return isAfterNumber }
    position += 1
    return digits() > 0 && isAfterNumber
  }

  private var isAfterNumber: Bool {
    guard position < bytes.count else { return false }
    switch bytes[position] {
    case UInt8(ascii: ","), UInt8(ascii: "}"), 0x20, 0x09, 0x0a, 0x0d: return true
    default: return false
    }
  }

  /// A number with at most three decimals, times a thousand.
  mutating func milliseconds() -> Int64? {
    _ = next()
    let start = position
    guard number() else { return nil }
    var (value, decimals) = (Int64(0), -1)
    for byte in bytes[start..<position] {
      if byte == UInt8(ascii: ".") {
        decimals = 0
      } else {
        value = value * 10 + Int64(byte - 0x30)
        if decimals >= 0 { decimals += 1 }
      }
      guard decimals <= 3, value < Self.maxMilliseconds else { return nil }
    }
    for _ in max(decimals, 0)..<3 { value *= 10 }
    return value < Self.maxMilliseconds ? value : nil
  }

  /// Skips `null`, or also `true` or `false`.
  mutating func literal(isNull: Bool) -> Bool {
    _ = next()
    for word: StaticString in ["null", "true", "false"] {
      let count = word.utf8CodeUnitCount
      if position + count <= bytes.count,
        UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]).isText(word)
      {
        position += count
        return isAfterNumber
      }
      if isNull { return false }
    }
    return false
  }
}
