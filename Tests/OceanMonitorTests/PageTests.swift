import Foundation
import OceanMonitor
import Testing

@Suite struct PageTests {
  @Test func `text from outside is text`() {
    var snapshot = MonitorSnapshot.example
    let evil = "<script>alert('1')</script>\"&\u{202e}\u{7}"
    snapshot.hostname = evil
    snapshot.plan.file = evil
    snapshot.silences = [evil]
    snapshot.config = .init(
      checked: 0, problem: evil, digest: evil, isOther: true, lastReloadSucceeded: false)
    snapshot.services = [
      .init(name: evil, listeners: [evil], maxSessions: 2, sessions: ["transaction": 1], refused: 0)
    ]
    snapshot.certificates = [.init(name: evil, notAfter: 0, refused: evil)]
    snapshot.people = .init(
      sessions: [
        .init(user: evil, peer: evil, service: evil, state: evil, tls: evil, seconds: 1, bytes: 1)
      ], blocks: [.init(address: evil, until: 1, failures: 6)])
    snapshot.history = [
      .init(digest: evil, time: evil, source: evil, author: evil, comment: evil, isTakenBack: true)
    ]
    let text = Page(snapshot, isStill: false).text
    #expect(!text.contains("<script") && !text.contains("\u{202e}") && !text.contains("\u{7}"))
    #expect(text.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;\\u{202e}\\u{7}"))
  }

  @Test func `without a token nobody is named`() {
    var snapshot = MonitorSnapshot.example
    snapshot.blocked = 3
    #expect(Page(snapshot, isStill: true).text.contains("3 blocked. Who it is"))
  }

  @Test func `the policy allows the style that the page has, and no script`() throws {
    let text = Page(.example, isStill: true).text
    let style = try #require(text.firstMatch(of: /<style>([\s\S]*)<\/style>/)?.output.1)
    let openssl = Process()
    openssl.executableURL = URL(filePath: "/bin/sh")
    openssl.arguments = ["-c", "openssl dgst -sha256 -binary | openssl base64 -A"]
    let (input, output) = (Pipe(), Pipe())
    (openssl.standardInput, openssl.standardOutput) = (input, output)
    try openssl.run()
    try input.fileHandleForWriting.write(contentsOf: Data(style.utf8))
    try input.fileHandleForWriting.close()
    let hash = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    openssl.waitUntilExit()
    #expect(PageStyle.policy.contains("style-src 'sha256-\(hash)'"))
    #expect(!PageStyle.policy.contains("script") && !text.contains("style=\""))
  }

  /// A page that a screen reader can read: every table has a caption, and every chart words.
  @Test func `tables have captions and charts have words`() {
    let text = Page(.full, isStill: false).text
    func count(_ part: String) -> Int { text.components(separatedBy: part).count - 1 }
    #expect(text.matches(of: /<table>\s*<caption>/).count == count("<table>"))
    #expect(count("<svg ") == 3 && count("role=\"img\" aria-label=\"") == 3)
    #expect(text.contains("<html lang=\"en\">") && text.contains("http-equiv=\"refresh\""))
  }

  @Test func `what needs attention comes first`() {
    var snapshot = MonitorSnapshot.full
    snapshot.plan.waiting = .init(revertsAt: snapshot.now + 192, previous: "3f9ac1")
    let text = Page(snapshot, isStill: false).text
    #expect(
      text.contains(
        "Plan 8c20e7 is not confirmed: it reverts to 3f9ac1 in 3 min. To keep it: ocean confirm 8c20e7"))
    #expect(text.contains("The certificate brand expires in 19 days."))
    #expect(Page(.example, isStill: false).text.contains("Nothing needs attention."))
  }

  /// For looking at it: OCEAN_PAGE=PATH writes the page there.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["OCEAN_PAGE"] != nil, "only for looking at it"))
  func `shows itself`() throws {
    let path = try #require(ProcessInfo.processInfo.environment["OCEAN_PAGE"])
    try Page(.full, isStill: true).text.write(toFile: path, atomically: true, encoding: .utf8)
  }
}
