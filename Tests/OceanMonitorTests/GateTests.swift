import OceanBase
import OceanMonitor
import Testing

@Suite struct GateTests {
  private static let secret = "correct-horse-battery"

  private func ask(
    _ target: String, _ headers: [(name: String, value: String)] = [("Host", "127.0.0.1:9464")],
    method: String = "GET", isHTTP10: Bool = false, token: String? = nil
  ) -> MonitorAnswer {
    let gate = MonitorGate(
      token: token.flatMap { MonitorToken(SecretBytes(copying: $0.utf8)) }, hostname: "mail.example.org")
    return gate.judge(
      MonitorRequest(method: method, target: target, headers: headers, isHTTP10: isHTTP10))
  }

  @Test(arguments: [
    ("127.0.0.1:9464", true), ("127.0.0.1", true), ("[::1]:9464", true), ("[::1]", true),
    ("localhost:1", true),
    ("MAIL.example.org", true), ("mail.example.org:9464", true), ("evil.example", false),
    ("127.0.0.1.evil.example", false),
    ("localhost.evil.example:9464", false), ("[::1", false), ("", false), ("evil.example:127.0.0.1", false),
  ])
  func `without a token only names that nobody else can have are ours`(_ host: String, _ isOurs: Bool) {
    #expect(ask("/metrics", [("Host", host)]) == (isOurs ? .metrics : .refused(.otherHost)))
  }

  @Test(arguments: [
    ("Bearer correct-horse-battery", true), ("bearer correct-horse-battery", true),
    ("Basic eDpjb3JyZWN0LWhvcnNlLWJhdHRlcnk=", true), ("Basic OmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==", true),
    ("Basic Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5", false), ("Basic !!!", false), ("Basic", false), ("", false),
    ("Bearer", false), ("Bearer correct-horse-batter", false), ("Bearer correct-horse-battery ", false),
    ("Digest correct-horse-battery", false),
  ])
  func `a header names the token or does not`(_ header: String, _ isRight: Bool) {
    let answer = ask(
      "/", [("Host", "any.example"), ("Authorization", header)], token: Self.secret)
    #expect(answer == (isRight ? .page(isStill: false) : .refused(.unauthorized)))
  }

  @Test(arguments: [
    "short", String(repeating: "x", count: 257), "with a space in it", "naïve-horse-battery-staple", "",
  ])
  func `what is no token`(_ text: String) {
    #expect(MonitorToken(SecretBytes(copying: text.utf8)) == nil)
  }

  @Test func `two tokens name none`() {
    let header = (name: "Authorization", value: "Bearer \(Self.secret)")
    #expect(ask("/", [("Host", "x"), header, header], token: Self.secret) == .refused(.unauthorized))
  }

  @Test func `health needs neither a name nor a token`() {
    #expect(ask("/healthz", [], isHTTP10: true, token: Self.secret) == .health)
    #expect(ask("/readyz", [("Host", "evil.example")]) == .readiness)
    #expect(ask("/healthz", []) == .refused(.malformed))
  }

  @Test func `an origin must be the host's own`() {
    let host = (name: "Host", value: "127.0.0.1:9464")
    #expect(ask("/metrics", [host, ("Origin", "http://127.0.0.1:9464")]) == .metrics)
    #expect(ask("/metrics", [host, ("Origin", "http://127.0.0.1:8080")]) == .refused(.otherOrigin))
    #expect(ask("/metrics", [host, ("Origin", "null")]) == .refused(.otherOrigin))
    #expect(ask("/?still", [host]) == .page(isStill: true))
    #expect(ask("//", [host]) == .refused(.notFound))
  }
}
