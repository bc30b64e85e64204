/// One reading of both clocks.
///
/// A value rather than a clock to ask: all that is decided in one step sees the same time, an event loop's reading
/// serves for everything it does in a turn, and a test needs no fake.
package struct Moment: Sendable, Hashable {
  /// Nanoseconds since some start, never set: what ocean measures by itself runs on this clock.
  package let monotonic: Int64
  /// Nanoseconds since 1970, which an administrator or NTP may set: for what is shown and what outlives the process.
  package let wall: Int64

  package init(monotonic: Int64, wall: Int64) {
    self.monotonic = monotonic
    self.wall = wall
  }

  /// How far the wall clock is ahead of the monotonic one: changes when somebody sets it.
  var clocks: Int64 { wall &- monotonic }
}

extension Int64 {
  /// In nanoseconds; cut off at a hundred years, which sums of times do not overflow with.
  static func nanoseconds(seconds: Int) -> Int64 {
    Int64(clamping: Swift.min(Swift.max(seconds, 0), 100 * 366 * 86_400)) * 1_000_000_000
  }

  static func nanoseconds(milliseconds: Int) -> Int64 {
    Int64(clamping: Swift.min(Swift.max(milliseconds, 0), 86_400_000)) * 1_000_000
  }
}
