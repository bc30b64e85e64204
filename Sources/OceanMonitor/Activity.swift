/// What the last day brought, in buckets of five minutes, kept in memory.
package struct Activity: Sendable {
  package static let bucketSeconds: Int64 = 300
  package static let bucketCount = 288

  package struct Bucket: Sendable, Hashable {
    /// Seconds since 1970; a multiple of the length of a bucket.
    package var start: Int64
    /// The most sessions at any look.
    package var sessions = 0
    package var logins = 0
    package var failedLogins = 0
    package var refusals = 0

    package init(start: Int64) { self.start = start }
  }

  /// Totals since the server started.
  private struct Totals {
    var logins = 0
    var failedLogins = 0
    var refusals = 0

    init(_ counters: MonitorCounters) {
      for service in counters.services.values {
        logins += service.loginsOK
        failedLogins += service.loginsFailed
        refusals += service.refused
      }
    }
  }

  private var last = Totals(MonitorCounters())
  /// In the order of time, at most a day; a bucket in which nobody looked is left out.
  private var buckets: [Bucket] = []

  package init() {}

  /// Notes what was counted by a moment.
  ///
  /// - Parameter now: seconds since 1970. A clock that was set back goes on in the newest bucket.
  package mutating func note(_ counters: MonitorCounters, sessions: Int, at now: Int64) {
    let start = now - now % Self.bucketSeconds
    if buckets.last.map({ $0.start < start }) ?? true { buckets.append(Bucket(start: start)) }
    if buckets.count > Self.bucketCount { buckets.removeFirst(buckets.count - Self.bucketCount) }
    let totals = Totals(counters)
    let place = buckets.count - 1
    buckets[place].sessions = max(buckets[place].sessions, sessions)
    buckets[place].logins += max(0, totals.logins - last.logins)
    buckets[place].failedLogins += max(0, totals.failedLogins - last.failedLogins)
    buckets[place].refusals += max(0, totals.refusals - last.refusals)
    last = totals
  }

  /// One bucket for each five minutes of the day before a moment, the oldest first; empty ones where nobody
  /// looked.
  package func day(before now: Int64) -> [Bucket] {
    let end = now - now % Self.bucketSeconds
    let known = Dictionary(buckets.map { ($0.start, $0) }, uniquingKeysWith: { _, last in last })
    return (0..<Self.bucketCount).map { place in
      let start = end - Int64(Self.bucketCount - 1 - place) * Self.bucketSeconds
      return known[start] ?? Bucket(start: start)
    }
  }
}
