import Foundation
import Testing

struct AccessLogTests {
  let workspace: Workspace
  let server: Server

  init() throws {
    workspace = try Workspace()
    try workspace.deliver("Subject: one\n\nbody\n", as: "1.M1P1.host")
    try workspace.deliver("Subject: two\n\nbody\n", as: "2.M1P1.host")
    try workspace.writeConfig(service: ["max_connections: 1"])
    server = try Server(workspace)
  }

  private static let fields: Set<String> = [
    "time", "event", "service", "peer", "local", "tls", "user", "outcome", "retrieved", "bytes", "deleted",
    "seconds", "plan",
  ]

  @Test func `a line for each session, refusal and failed login`() throws {
    let client = try server.loggedIn()
    _ = try server.client().line()
    _ = try client.retrieve(1)
    try client.ok("TOP 2 0")
    _ = try client.body()
    try client.ok("DELE 2")
    try client.ok("QUIT")

    let session = try server.accessLogLine { $0["event"] as? String == "session" }
    #expect(Set(session.keys) == Self.fields)
    #expect(session["service"] as? String == "pop3")
    #expect(session["peer"] as? String == "127.0.0.1")
    #expect(session["local"] as? String == "\(workspace.address):1110")
    #expect(session["tls"] is NSNull)
    #expect(session["user"] as? String == "anna@example.org")
    #expect(session["outcome"] as? String == "quit")
    #expect(session["retrieved"] as? Int == 1)
    #expect(session["bytes"] as? Int == 22 + 16)
    #expect(session["deleted"] as? Int == 1)
    #expect((session["seconds"] as? Double).map { (0..<10).contains($0) } == true)
    let digest = try #require(session["plan"] as? String)
    #expect(server.log.contains("\"plan\":\"\(digest)\""))
    let time = try #require(session["time"] as? String)
    #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)

    let refused = try server.accessLogLine { $0["event"] as? String == "refused" }
    #expect(Set(refused.keys) == Self.fields)
    #expect(refused["outcome"] as? String == "max_connections")
    #expect(refused["user"] is NSNull)

    let failing = try eventually("a place is free") { try? server.greeted() }
    #expect(try failing.logIn("Anna", "wrong").hasPrefix("-ERR [AUTH]"))
    let failed = try server.accessLogLine { $0["event"] as? String == "login_failed" }
    #expect(Set(failed.keys) == Self.fields)
    #expect(failed["outcome"] as? String == "wrong_credentials")
    #expect(failed["user"] as? String == "Anna")
    try server.stop()
  }

  @Test func `names that mean harm are escaped`() throws {
    let names = [
      #"a"b\c,"outcome":"quit"#, "\u{202e}gro.elpmaxe@anna", "\u{2066}x", "a\u{85}b\u{9b}31m", "\u{2028}line",
      "{}[]:,", "ü",
    ]
    for name in names {
      let client = try eventually("a place is free") { try? server.greeted() }
      // The parser refuses some names, which is just as good.
      try client.send("USER \(name)\r\nPASS wrong\r\nQUIT\r\n")
      _ = try client.rest()
    }
    try server.stop()
    let text = workspace.read("access.jsonl")
    #expect(
      text.unicodeScalars.allSatisfy { scalar in
        scalar == "\n"
          || scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
            && !(0x2028...0x202e).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value)
      })
    let lines = try server.accessLog
    #expect(lines.count { $0["event"] as? String == "session" } == names.count)
    for line in lines { #expect(Set(line.keys) == Self.fields) }
    let logged = lines.compactMap { $0["event"] as? String == "login_failed" ? $0["user"] as? String : nil }
    #expect(logged.contains(names[0]) && logged.contains("ü"))
    #expect(Set(logged).isSubset(of: names))
  }

  @Test func `a rotated log goes on under its name`() throws {
    func quit() throws { try eventually("a place is free") { try? server.greeted() }.ok("QUIT") }
    func lines(of name: String) -> Int { workspace.read(name).split(separator: "\n").count }
    try quit()
    try eventually("a first line") { lines(of: "access.jsonl") == 1 ? true : nil }
    try FileManager.default.moveItem(
      atPath: workspace.path("access.jsonl"), toPath: workspace.path("access.jsonl.1"))
    try quit()
    try eventually("a line in a new file") { lines(of: "access.jsonl") == 1 ? true : nil }
    #expect(lines(of: "access.jsonl.1") == 1)
    try FileManager.default.removeItem(atPath: workspace.path("access.jsonl"))
    try quit()
    try eventually("a line in a third file") { lines(of: "access.jsonl") == 1 ? true : nil }
    try server.stop()
  }

  @Test func `another log after a reload`() throws {
    try server.greeted().ok("QUIT")
    try workspace.write(
      workspace.read("ocean.yaml").replacingOccurrences(of: "access.jsonl", with: "other.jsonl"),
      to: "ocean.yaml")
    try server.reload()
    try eventually("a place is free") { try? server.greeted() }.ok("QUIT")
    try eventually("a line in the new log") {
      workspace.read("other.jsonl").contains("\"quit\"") ? true : nil
    }
    #expect(try server.accessLog.count == 1)
    try server.stop()
  }

  @Test func `a log that is no longer written costs no thread`() throws {
    func threads() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/\(server.process.pid)/task").count
    }
    let config = workspace.read("ocean.yaml")
    let before = try threads()
    for number in 1...5 {
      try workspace.write(
        config.replacingOccurrences(of: "access.jsonl", with: "access-\(number).jsonl"), to: "ocean.yaml")
      try server.reload(expecting: "access-\(number).jsonl")
    }
    // Any first reload starts some threads.
    try eventually("the threads of old logs are gone") { try threads() <= before + 3 ? true : nil }
    try server.stop()
  }
}
