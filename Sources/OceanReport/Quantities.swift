import OceanCompiler

/// Numbers for people, to the precision they look for.
enum Quantities {
  /// The two largest units of a duration: `20d 4h`, `3m 12s`, `9s`.
  static func duration(seconds: Int) -> String {
    let units = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
    guard let first = units.firstIndex(where: { seconds >= $0.1 }) else { return "0s" }
    var rest = max(0, seconds)
    let parts = units[first...].prefix(2).compactMap { unit, size in
      defer { rest %= size }
      return rest >= size ? "\(rest / size)\(unit)" : nil
    }
    return parts.joined(separator: " ")
  }

  /// Days until or since: `82 days left`, `3 days ago`.
  static func timeLeft(_ seconds: Int64) -> String {
    let days = counted(Int(abs(seconds) / 86_400), "day")
    return seconds < 0 ? "\(days) ago" : "\(days) left"
  }

  /// A size: `512 B`, `12.4 KiB`.
  static func octets(_ count: UInt64) -> String {
    var size = count
    var tenths: UInt64 = 0
    var units = ["B", "KiB", "MiB", "GiB", "TiB"][...]
    while size >= 1024, units.count > 1 {
      tenths = size % 1024 * 10 / 1024
      size /= 1024
      units = units.dropFirst()
    }
    return units.startIndex == 0 ? "\(size) B" : "\(size).\(tenths) \(units.first ?? "")"
  }
}
