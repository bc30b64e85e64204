import OceanBase

/// Reads the times of a log (RFC 3339). Most lines have the day of the line before.
struct LogTimes: Sendable {
  /// The day that was read last: its text in two parts, and its milliseconds.
  private var day: (text: (UInt64, UInt16), start: Int64)?

  /// - Returns: milliseconds since 1970, and whether the text has no fraction of a second.
  mutating func milliseconds(_ text: UnsafeRawBufferPointer) -> (value: Int64, isCoarse: Bool)? {
    guard text.count >= 20, let start = start(ofDay: text) else { return nil }
    var position = 19
    var fraction: Int64 = 0
    var digits = 0
    if text[position] == UInt8(ascii: ".") {
      position += 1
      while position < text.count, text[position] &- 0x30 < 10 {
        if digits < 3 { fraction = fraction * 10 + Int64(text[position] - 0x30) }
        digits += 1
        position += 1
      }
      guard digits > 0 else { return nil }
      for _ in min(digits, 3)..<3 { fraction *= 10 }
    }
    guard text.count == position + 1, text[position] | 0x20 == UInt8(ascii: "z"),
      let clock = clock(text)
    else {
      // With an offset. The time library has the rules; a log of ocean has none of these.
      let whole =
        String(decoding: text[..<19], as: UTF8.self) + String(decoding: text[position...], as: UTF8.self)
      return Timestamp.seconds(whole).map { ($0 * 1000 + fraction, digits == 0) }
    }
    return (start + clock + fraction, digits == 0)
  }

  private mutating func start(ofDay text: UnsafeRawBufferPointer) -> Int64? {
    let date = (
      text.loadUnaligned(as: UInt64.self), text.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    )
    if let day, day.text == date { return day.start }
    guard let seconds = Timestamp.seconds(ofTimeOrDay: String(decoding: text[..<10], as: UTF8.self)) else {
      return nil
    }
    day = (date, seconds * 1000)
    return seconds * 1000
  }

  /// The milliseconds of `T12:34:56`, at the place where it is in a time; nil if it is not one.
  private func clock(_ text: UnsafeRawBufferPointer) -> Int64? {
    func two(_ place: Int) -> Int64? {
      let (tens, ones) = (text[place] &- 0x30, text[place + 1] &- 0x30)
      return tens < 10 && ones < 10 ? Int64(tens * 10 + ones) : nil
    }
    guard text[10] == UInt8(ascii: "T") || text[10] == UInt8(ascii: "t") || text[10] == UInt8(ascii: " "),
      text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"), let hour = two(11), let minute = two(14),
      let second = two(17), hour < 24, minute < 60, second < 60
    else { return nil }
    return (hour * 3600 + minute * 60 + second) * 1000
  }
}
