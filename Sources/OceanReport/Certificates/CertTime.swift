import Glibc

/// A time in UTC, written as in RFC 3339: `2026-11-23T10:00:00Z`.
package struct CertTime: CustomStringConvertible, Sendable {
  package static let day: Int64 = 86400

  /// Seconds since 1970.
  package let seconds: Int64

  package init(seconds: Int64) { self.seconds = seconds }

  package static var now: CertTime { CertTime(seconds: Int64(time(nil))) }

  /// Reads a time or a date. A date alone stands for its first second.
  package init?(argument: String) {
    let text = argument.utf8.count == 10 ? argument + "T00:00:00Z" : argument
    let numbers = text.split { "-T:Z".contains($0) }.compactMap { Int32($0) }
    guard numbers.count == 6, numbers.allSatisfy({ (0...9999).contains($0) }) else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
    self.init(seconds: Int64(timegm(&parts)))
    // timegm would take the 31st of February for a day in March.
    guard description == text else { return nil }
  }

  package var description: String {
    var parts = tm()
    var seconds = time_t(self.seconds)
    var text = [CChar](repeating: 0, count: 64)
    guard gmtime_r(&seconds, &parts) != nil else { return "\(seconds)" }
    let count = strftime(&text, text.count, Self.format, &parts)
    return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static let format = "%Y-%m-%dT%H:%M:%SZ"
}
