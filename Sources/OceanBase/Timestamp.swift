/// Converts between seconds since 1970 and text (RFC 3339).
package enum Timestamp {
  /// A day, in seconds.
  package static let day: Int64 = 86_400

  /// Writes a time as `2027-02-21T12:00:00Z`; years outside of 0 to 9999 become the nearest of these.
  package static func text(_ seconds: Int64) -> String { text(seconds, milliseconds: nil) }

  /// Writes a time in nanoseconds since 1970 as `2027-02-21T12:00:00.123Z`.
  package static func text(nanoseconds: Int64) -> String {
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    let milliseconds = Int(rest / 1_000_000)
    return milliseconds < 0
      ? text(seconds - 1, milliseconds: 1000 + milliseconds) : text(seconds, milliseconds: milliseconds)
  }

  /// Writes a time for people of a place: `2027-02-21 13:00:00 +01:00`.
  ///
  /// - Parameter offset: how many seconds the place is ahead of UTC.
  package static func text(_ seconds: Int64, offset: Int) -> String {
    let local = text(seconds + Int64(offset))
    let minutes = abs(offset) / 60
    let digits = [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
    return
      "\(local.prefix(10)) \(local.dropFirst(11).prefix(8)) \(offset < 0 ? "-" : "+")\(digits.joined(separator: ":"))"
  }

  /// Writes the date alone, `2027-02-21`.
  package static func date(_ seconds: Int64) -> String { String(text(seconds).prefix(10)) }

  private static func text(_ seconds: Int64, milliseconds: Int?) -> String {
    let seconds = min(max(seconds, earliest), latest)
    let (year, month, day) = calendarDate(Int((seconds - earliest) / Self.day))
    let rest = Int((seconds - earliest) % Self.day)
    // Every line of a log has one: written in place.
    return String(unsafeUninitializedCapacity: 24) { buffer in
      var end = 0
      func add(_ number: Int, _ digits: Int, _ after: Unicode.Scalar) {
        var number = number
        for place in (end..<end + digits).reversed() {
          buffer[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10)
          number /= 10
        }
        buffer[end + digits] = UInt8(ascii: after)
        end += digits + 1
      }
      add(year, 4, "-")
      add(month, 2, "-")
      add(day, 2, "T")
      add(rest / 3600, 2, ":")
      add(rest / 60 % 60, 2, ":")
      add(rest % 60, 2, milliseconds == nil ? "Z" : ".")
      if let milliseconds { add(milliseconds, 3, "Z") }
      return end
    }
  }

  /// Reads a time, or a day, `2027-02-21`, which stands for its first second.
  package static func seconds(ofTimeOrDay text: String) -> Int64? {
    seconds(text) ?? seconds(text + "T00:00:00Z")
  }

  /// Reads the seconds of `2027-02-21T12:00:00Z`, or with an offset like `+02:00` in place of the Z; nil for
  /// anything else.
  package static func seconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 20 || bytes.count == 25, bytes[4] == UInt8(ascii: "-"),
      bytes[7] == UInt8(ascii: "-"),
      [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[10]),
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
      let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
      let second = number(bytes[17..<19]),
      let offset = offset(bytes[19...]), (1...12).contains(month),
      (1...length(of: month, year)).contains(day), hour < 24, minute < 60, second < 60
    else { return nil }
    let days = daysBefore(year: year) + (1..<month).reduce(0) { $0 + length(of: $1, year) } + day - 1
    return earliest + Int64(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
  }

  /// The beginning of the year 0 and the end of the year 9999.
  private static let earliest: Int64 = -62_167_219_200
  private static let latest: Int64 = 253_402_300_799

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
  }

  /// The offset in seconds.
  private static func offset(_ bytes: ArraySlice<UInt8>) -> Int? {
    let bytes = Array(bytes)
    if bytes.count == 1 { return bytes == [UInt8(ascii: "Z")] || bytes == [UInt8(ascii: "z")] ? 0 : nil }
    guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"), let hours = number(bytes[1..<3]),
      let minutes = number(bytes[4..<6]), hours < 24, minutes < 60
    else { return nil }
    switch bytes[0] {
    case UInt8(ascii: "+"): return hours * 3600 + minutes * 60
    case UInt8(ascii: "-"): return -(hours * 3600 + minutes * 60)
    default: return nil
    }
  }

  /// The date, from the days since the beginning of the year 0.
  private static func calendarDate(_ days: Int) -> (year: Int, month: Int, day: Int) {
    // This is at most one too high, because years have 365.2425 days on average.
    var year = days * 10_000 / 3_652_425 + 1
    while daysBefore(year: year) > days { year -= 1 }
    var (month, rest) = (1, days - daysBefore(year: year))
    while rest >= length(of: month, year) {
      rest -= length(of: month, year)
      month += 1
    }
    return (year, month, rest + 1)
  }

  /// The days from the beginning of the year 0, a leap year, to the beginning of `year`.
  private static func daysBefore(year: Int) -> Int {
    guard year > 0 else { return 0 }
    let last = year - 1
    return year * 365 + last / 4 - last / 100 + last / 400 + 1
  }

  private static func length(of month: Int, _ year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
