import Glibc

/// A view of a file name in a Maildir: `base[:info]`, any bytes but '/' and NUL. The base name is the message's identity;
/// the info carries its flags, and both it and the directory change over the message's life.
struct MessageName {
  let bytes: UnsafeRawBufferPointer
  let base: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) {
    self.init(bytes, baseLength: bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count)
  }

  init(_ bytes: UnsafeRawBufferPointer, baseLength: Int) {
    self.bytes = bytes
    base = UnsafeRawBufferPointer(rebasing: bytes[..<baseLength])
  }

  static let undated = UInt64.max

  /// The time of delivery as one number that sorts: seconds in the upper 44 bits, microseconds in the lower 20.
  ///
  /// Names begin with the seconds; the part behind the first dot may hold the microseconds: `M<digits>` by the Maildir
  /// specification, also behind other fields (Postfix: `V..I..M..`); `H<digits>` is Exim's way.
  var deliveryTime: UInt64 {
    var position = 0
    guard let seconds = number(&position), seconds < 1 << 44, position == base.count || base[position] == dot
    else { return Self.undated }
    position += 1
    var microseconds: UInt64 = 0
    while position < base.count, base[position] != dot {
      let field = base[position]
      position += 1
      guard field == UInt8(ascii: "M") || field == UInt8(ascii: "H"), let value = number(&position) else {
        continue
      }
      microseconds = min(value, 999_999)
      break
    }
    return seconds << 20 | microseconds
  }

  private var dot: UInt8 { UInt8(ascii: ".") }

  /// The decimal number at `position`, which moves behind it; nil without a digit or beyond 18 of them.
  private func number(_ position: inout Int) -> UInt64? {
    let start = position
    var value: UInt64 = 0
    while position < base.count, case let digit = base[position] &- UInt8(ascii: "0"), digit < 10 {
      guard position - start < 18 else { return nil }
      value = value * 10 + UInt64(digit)
      position += 1
    }
    return position > start ? value : nil
  }

  /// The NUL-terminated name this message has in cur/ once it is seen: `base:2,` and the flags, sorted, with S among
  /// them. Nil where the info is of a form whose meaning is not ours to change.
  func markedSeen() -> [UInt8]? {
    let seen = UInt8(ascii: "S")
    let info = bytes.dropFirst(base.count + 1)
    guard info.isEmpty || info.starts(with: [UInt8(ascii: "2"), UInt8(ascii: ",")]) else { return nil }
    var flags = Array(info.dropFirst(2))
    if !flags.contains(seen) { flags.append(seen) }
    flags.sort()
    return Array(base) + [UInt8(ascii: ":"), UInt8(ascii: "2"), UInt8(ascii: ",")] + flags + [0]
  }
}
