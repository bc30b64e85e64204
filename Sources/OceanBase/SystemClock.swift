package import Glibc

/// The clocks of this machine, in nanoseconds.
///
/// Code that decides by a time is given a reading, or a function that reads, so that a test can give another.
package enum SystemClock: Sendable {
  /// Time since 1970; an administrator or NTP may set this clock.
  case wall
  /// The clock that the kernel stamps files by. It is `wall`, but up to a tick behind.
  case files
  /// Time since the machine was started, including the time that it was suspended. Nobody sets this clock.
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

  /// How many seconds the time of this place (TZ, or /etc/localtime) is ahead of UTC.
  ///
  /// - Parameter time: seconds since 1970.
  package static func offset(at time: Int64) -> Int {
    var time = time_t(time)
    var local = tm()
    return localtime_r(&time, &local) == nil ? 0 : local.tm_gmtoff
  }
}

extension timespec {
  /// Wraps instead of trapping: file times can have been set to anything.
  package var nanoseconds: Int64 { Int64(tv_sec) &* 1_000_000_000 &+ Int64(tv_nsec) }
}
