import NIOCore

/// How often something happened in the last hour, to the minute.
struct HourlyCount {
  private static let minutes: UInt64 = 60

  private var counts = [Int](repeating: 0, count: Int(minutes))
  /// The minute of the newest count, since the system started.
  private var minute: UInt64 = 0

  mutating func add(at now: NIODeadline) {
    advance(to: now)
    counts[Int(minute % Self.minutes)] += 1
  }

  mutating func total(at now: NIODeadline) -> Int {
    advance(to: now)
    return counts.reduce(0, +)
  }

  private mutating func advance(to now: NIODeadline) {
    let current = now.uptimeNanoseconds / 60_000_000_000
    guard current > minute else { return }
    for old in (minute + 1)...min(current, minute + Self.minutes) { counts[Int(old % Self.minutes)] = 0 }
    minute = current
  }
}
