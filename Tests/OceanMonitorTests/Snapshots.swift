import OceanMonitor

extension MonitorSnapshot {
  /// A server at rest.
  static var example: MonitorSnapshot {
    MonitorSnapshot(
      version: "0.1.0", hostname: "mail.example.org", isDraining: false, now: 1_795_000_000,
      started: 1_793_200_000, plan: RunningPlan(digest: "8c20e7", file: "/etc/ocean/ocean.yaml"))
  }

  /// A server with something of everything.
  static var full: MonitorSnapshot {
    var snapshot = example
    var activity = Activity()
    var counters = MonitorCounters()
    // Working hours, a lunch break, and guessers in the night.
    for step in 0..<288 {
      let hour = step / 12
      let people = hour < 6 || hour > 20 ? 3 : hour == 12 ? 28 : 20 + (step * 7) % 17
      for _ in 0..<(people * 3) { counters.login(to: "public", "user", .ok) }
      if hour == 3 { for _ in 0..<(step % 12 * 9) { counters.login(to: "public", "user", .credentials) } }
      for _ in 0..<(step % 5 + (hour == 3 ? 60 : 0)) { counters.refused(by: "public", "black_list") }
      activity.note(
        counters, sessions: people, at: snapshot.now - Int64(287 - step) * Activity.bucketSeconds)
    }
    for _ in 0..<5 { counters.refused(by: "internal", "connections_per_ip") }
    counters.connected(to: "public", implicitTLS: true)
    counters.command(6, isOK: true)
    counters.sent(octets: 81_233, isWhole: true)
    counters.handshake("1.3", isResumed: true)
    counters.loginTook(nanoseconds: 38_000_000)
    snapshot.counters = counters
    snapshot.activity = activity.day(before: snapshot.now)
    snapshot.commandNames = ["capa", "dele", "list", "noop", "pass", "quit", "retr"]
    snapshot.plan.policy = "51b09d"
    snapshot.plan.nextEnd = "2027-01-31: 203.0.113.9 of services.public.ip_control.white_list"
    snapshot.services = [
      .init(
        name: "internal", listeners: ["10.0.0.5:110 STLS"], maxSessions: 200,
        sessions: ["transaction": 11], refused: 5),
      .init(
        name: "public", listeners: ["192.0.2.10:995 TLS", "[2001:db8::10]:995 TLS"], maxSessions: 500,
        sessions: ["transaction": 30, "authorization": 1], refused: 214),
    ]
    snapshot.certificates = [
      .init(name: "main", notAfter: snapshot.now + 82 * 86_400, refused: nil),
      .init(
        name: "brand", notAfter: snapshot.now + 19 * 86_400 + 7, refused: "the key is not the certificate's"),
    ]
    snapshot.blocked = 37
    snapshot.pools = [.init(name: "files", waiting: 0), .init(name: "hashing", waiting: 2)]
    snapshot.config = .init(
      checked: snapshot.now - 40, problem: nil, digest: "3f9ac1", isOther: true, lastReloadSucceeded: true)
    snapshot.people = People(
      sessions: [
        .init(
          user: "anna@example.org", peer: "203.0.113.77", service: "public", state: "transaction",
          tls: "TLS 1.3", seconds: 4000, bytes: 81_233_000),
        .init(
          user: "<script>alert(1)</script>", peer: "2001:db8::77", service: "public", state: "transaction",
          tls: "TLS 1.2", seconds: 72, bytes: 812),
        .init(
          user: nil, peer: "198.51.100.9", service: "internal", state: "authorization", tls: nil, seconds: 2,
          bytes: 0),
      ],
      blocks: [
        .init(address: "203.0.113.5", until: snapshot.now + 900, failures: 6),
        .init(address: "2001:db8:7::/64", until: snapshot.now + 1200, failures: 9),
      ])
    snapshot.history = [
      .init(
        digest: "8c20e7", time: "2026-11-16T09:14:00Z", source: "/etc/ocean/ocean.yaml",
        author: "apply, root",
        comment: "ticket 4711: scanners out", isTakenBack: false),
      .init(
        digest: "3f9ac1", time: "2026-11-02T10:31:07Z", source: "/etc/ocean/ocean.yaml", author: "start",
        comment: nil, isTakenBack: true),
    ]
    return snapshot
  }
}
