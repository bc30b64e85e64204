import OceanMonitor
import Testing

@Suite struct MetricsTests {
  @Test func `a label cannot end itself`() {
    var snapshot = MonitorSnapshot.example
    snapshot.plan.digest = "a\"b\\c\nd"
    #expect(MetricsText(snapshot).text.contains(#"ocean_plan_info{digest="a\"b\\c\nd","#))
  }

  @Test func `a histogram adds up, and its bounds are seconds`() {
    var snapshot = MonitorSnapshot.example
    for milliseconds: Int64 in [1, 5, 6, 2500, 60_000] {
      snapshot.counters.loginTook(nanoseconds: milliseconds * 1_000_000)
    }
    let text = MetricsText(snapshot).text
    for line in [
      "bucket{le=\"0.005\"} 2", "bucket{le=\"0.01\"} 3", "bucket{le=\"2.5\"} 4", "bucket{le=\"10\"} 4",
      "bucket{le=\"+Inf\"} 5", "sum 62.512", "count 5",
    ] {
      #expect(text.contains("ocean_login_duration_seconds_\(line)\n"), "\(line) in:\n\(text)")
    }
  }

  @Test func `every sample belongs to the metric before it`() {
    var name = ""
    for line in MetricsText(.full).text.split(separator: "\n") {
      if line.hasPrefix("# TYPE ") { name = String(line.split(separator: " ")[2]) }
      if !line.hasPrefix("#") { #expect(line.hasPrefix(name), "\(line)") }
    }
  }

  @Test func `a plan that waits says until when`() {
    var snapshot = MonitorSnapshot.example
    #expect(!MetricsText(snapshot).text.contains("reverts"))
    snapshot.plan.waiting = .init(revertsAt: 1_795_000_300, previous: "3f9ac1")
    #expect(MetricsText(snapshot).text.contains("ocean_plan_reverts_timestamp_seconds 1795000300\n"))
    #expect(MetricsText(snapshot).text.contains("state=\"unconfirmed\"} 1\n"))
  }
}
