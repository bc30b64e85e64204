import CLinux
import Glibc
import OceanBase

/// A view of a file name in a Maildir: `base[:info]`, any bytes but '/' and NUL. The base name is the
/// message's identity. The info carries its flags; both it and the directory change over the message's life.
struct MessageName {
  let bytes: UnsafeRawBufferPointer
  let base: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) {
    self.init(bytes, baseLength: bytes.firstIndex(of: UInt8(ascii: ":"), from: 0) ?? bytes.count)
  }

  init(_ bytes: UnsafeRawBufferPointer, baseLength: Int) {
    self.bytes = bytes
    base = UnsafeRawBufferPointer(rebasing: bytes[..<baseLength])
  }

  /// The time of delivery as one number that sorts: seconds in the upper 44 bits, microseconds in the lower
  /// 20.
  ///
  /// Names begin with the seconds, whatever follows them. Names without seconds come first, like in Dovecot
  /// and Courier. The part behind a dot may hold the microseconds: `M<digits>` by the Maildir specification,
  /// also behind other fields (Postfix: `V..I..M..`); `H<digits>` is Exim's way.
  var deliveryTime: UInt64 {
    var position = 0
    guard let first = base.first, first &- UInt8(ascii: "0") < 10 else { return 0 }
    let latest: UInt64 = 1 << 44 - 1
    guard let seconds = number(&position), seconds <= latest else { return latest << 20 }
    guard position < base.count, base[position] == dot else { return seconds << 20 }
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

  /// Compares two base names by time of delivery, then by bytes: negative if a message of this name sorts
  /// before one of the other, positive if behind it; nil if the names are the same.
  func compare(with other: MessageName) -> Int? {
    let (time, otherTime) = (deliveryTime, other.deliveryTime)
    if time != otherTime { return time < otherTime ? -1 : 1 }
    if let bytes = base.baseAddress, let otherBytes = other.base.baseAddress {
      let order = memcmp(bytes, otherBytes, min(base.count, other.base.count))
      if order != 0 { return Int(order) }
    }
    return base.count == other.base.count ? nil : base.count - other.base.count
  }

  func isSameMessage(as other: MessageName) -> Bool { Self.isEqual(base, other.base) }

  func isEqual(to other: MessageName) -> Bool { Self.isEqual(bytes, other.bytes) }

  private static func isEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard a.count == b.count, let first = a.baseAddress, let second = b.baseAddress else {
      return a.count == b.count
    }
    return memcmp(first, second, a.count) == 0
  }

  /// The octets on the wire (W=) and in the file (S=) that the base name gives, as other servers write them:
  /// `...,S=1234,W=1260`. The program that wrote them may have been wrong.
  var claimedSizes: (octets: UInt64?, bytes: UInt64?) {
    var sizes: (octets: UInt64?, bytes: UInt64?)
    var position = 0
    while let comma = base[position...].firstIndex(of: UInt8(ascii: ",")), comma + 3 < base.count {
      position = comma + 1
      guard base[position + 1] == UInt8(ascii: "=") else { continue }
      let field = base[position]
      position += 2
      guard let value = number(&position), position == base.count || base[position] == UInt8(ascii: ",")
      else {
        continue
      }
      if field == UInt8(ascii: "W") { sizes.octets = value }
      if field == UInt8(ascii: "S") { sizes.bytes = value }
    }
    return sizes
  }

  private var dot: UInt8 { UInt8(ascii: ".") }

  /// Reads the decimal number at `position`, which moves behind it; nil without a digit or beyond 18 of them.
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

  /// The NUL-terminated name this message has in cur/ once it is seen: `base:2,` and the flags, sorted, with
  /// S among them. Nil if the info has a form whose meaning is not ours to change.
  ///
  /// The flags end at the next comma, as for Dovecot: the rest is another program's, and stays as it is.
  func markedSeen() -> [UInt8]? {
    let seen = UInt8(ascii: "S")
    guard let info else { return nil }
    var flags = Array(info.flags)
    if !flags.contains(seen) {
      flags.append(seen)
      flags.sort()
    }
    return Array(base) + [UInt8(ascii: ":"), UInt8(ascii: "2"), UInt8(ascii: ",")] + flags + Array(info.rest)
      + [0]
  }

  /// The parts behind `:2,`: the flags, and from the next comma on what other programs put there. Both are
  /// empty if the name has no info; nil if the info has a different form.
  var info: (flags: Slice<UnsafeRawBufferPointer>, rest: Slice<UnsafeRawBufferPointer>)? {
    let comma = UInt8(ascii: ",")
    let info = bytes.dropFirst(base.count + 1)
    guard info.isEmpty || info.starts(with: [UInt8(ascii: "2"), comma]) else { return nil }
    let all = info.dropFirst(2)
    let end = all.firstIndex(of: comma) ?? all.endIndex
    return (all[..<end], all[end...])
  }
}

extension UnsafeRawBufferPointer {
  /// The first position of some bytes from `start` on, which is in the buffer or its end (memmem(3)).
  func firstRange(of bytes: [UInt8], from start: Int) -> Int? {
    guard let base = baseAddress, !bytes.isEmpty, start < count else { return nil }
    return linux_find_bytes(base + start, count - start, bytes, bytes.count).map { $0 - base }
  }
}
