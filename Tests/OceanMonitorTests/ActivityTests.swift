import OceanMonitor
import Testing

@Suite struct ActivityTests {
  private func counters(logins: Int, refusals: Int) -> MonitorCounters {
    var counters = MonitorCounters()
    for _ in 0..<logins { counters.login(to: "pop3", "user", .ok) }
    for _ in 0..<refusals { counters.refused(by: "pop3", "black_list") }
    return counters
  }

  @Test func `a bucket has what came since the look before, and the most sessions`() {
    var activity = Activity()
    activity.note(counters(logins: 3, refusals: 1), sessions: 7, at: 1_000_000)
    activity.note(counters(logins: 5, refusals: 1), sessions: 2, at: 1_000_060)
    activity.note(counters(logins: 6, refusals: 4), sessions: 1, at: 1_000_300)
    let day = activity.day(before: 1_000_300)
    #expect(day.count == 288)
    #expect(day.map(\.logins).suffix(2) == [5, 1])
    #expect(day.map(\.refusals).suffix(2) == [1, 3])
    #expect(day.map(\.sessions).suffix(2) == [7, 1])
    #expect(day.dropLast(2).allSatisfy { $0.logins == 0 && $0.sessions == 0 })
  }

  @Test func `it keeps a day, and bears a clock that is set back`() {
    var activity = Activity()
    for minute in 0..<(3 * 24 * 60) {
      activity.note(counters(logins: minute, refusals: 0), sessions: 1, at: Int64(minute) * 60)
    }
    activity.note(counters(logins: 3 * 24 * 60 + 9, refusals: 0), sessions: 1, at: 60)
    let day = activity.day(before: 3 * 86_400 - 60)
    #expect(day.reduce(0) { $0 + $1.logins } == 24 * 60 + 10)
  }

  @Test func `counts of loops add up`() {
    var sum = counters(logins: 2, refusals: 1)
    var other = counters(logins: 1, refusals: 0)
    other.command(6, isOK: true)
    other.command(6, isOK: false)
    other.loginTook(nanoseconds: 30_000_000)
    other.handshake("1.3", isResumed: true)
    sum.add(other)
    sum.add(other)
    #expect(sum.services["pop3"]?.loginsOK == 4)
    #expect(sum.services["pop3"]?.refused == 1)
    #expect(sum.commands[6] == (2, 2))
    #expect(sum.loginDuration.count == 2)
    #expect(sum.loginDuration.buckets[3] == 2)
    #expect(sum.handshakes[.init(version: "1.3", isResumed: true)] == 2)
  }
}
