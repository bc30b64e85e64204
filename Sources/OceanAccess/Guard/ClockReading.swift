/// One reading of both clocks.
///
/// It is a value rather than a clock to ask: everything that is decided in one step sees the same time, an
/// event loop's reading serves for everything it does in a turn, and a test needs no fake.
package struct ClockReading: Sendable, Hashable {
  /// Nanoseconds since some start; this clock is never set. Everything that ocean measures by itself runs on
  /// it.
  package let monotonic: Int64
  /// Nanoseconds since 1970, by a clock that an administrator or NTP may set: for times that are shown or
  /// outlive the process.
  package let wall: Int64

  package init(monotonic: Int64, wall: Int64) {
    self.monotonic = monotonic
    self.wall = wall
  }

  /// How far the wall clock is ahead of the monotonic one; changes when somebody sets it.
  var clocks: Int64 { wall &- monotonic }
}

extension Int64 {
  /// A time in nanoseconds, cut off at a hundred years, so that sums of times do not overflow.
  static func nanoseconds(seconds: Int) -> Int64 {
    Int64(clamping: Swift.min(Swift.max(seconds, 0), 100 * 366 * 86_400)) * 1_000_000_000
  }

  static func nanoseconds(milliseconds: Int) -> Int64 {
    Int64(clamping: Swift.min(Swift.max(milliseconds, 0), 86_400_000)) * 1_000_000
  }
}
