package import Glibc

/// The clocks of this machine, in nanoseconds. What decides by a time is given a reading, or a function that reads: tests
/// give another.
package enum SystemClock: Sendable {
  /// Since 1970; an administrator or NTP may set it.
  case wall
  /// The clock that the kernel stamps files by: `wall`, up to a tick behind.
  case files
  /// Since the machine was started, the time that it was suspended included. Nobody sets it.
  case boot

  package var now: Int64 {
    let clock =
      switch self {
      case .wall: CLOCK_REALTIME
      case .files: CLOCK_REALTIME_COARSE
      case .boot: CLOCK_BOOTTIME
      }
    var time = timespec()
    clock_gettime(clock, &time)
    return time.nanoseconds
  }

  package var seconds: Int64 { now / 1_000_000_000 }
}

extension timespec {
  /// Wraps instead of trapping: times of files are whatever somebody set them to.
  package var nanoseconds: Int64 { Int64(tv_sec) &* 1_000_000_000 &+ Int64(tv_nsec) }
}
