import Foundation
import OceanHost
import OceanPlan
import OceanReport
import OceanWebReport
import TestPlans
import Testing

/// Tests reports as pages, as far as a text shows it; `ReportTests` opens them in a browser.
@Suite struct ReportPageTests {
  @Test func `it says what the comment says`() throws {
    let page = try Example.usual().report.html.replacing("<wbr>", with: "")
    for text in [
      "<title>ocean: 3 changes</title>", "pop3: 64 IPv4 and 2⁸⁰ IPv6 can no longer connect",
      "services.pop3.ip_control.black_list", "black list 203.0.113.0/25",
      "internal: 1 IPv4 can connect that could not",
      "black_list: [203.0.113.0/26, &quot;2001:db8:bad::/48&quot;]",
      "black_list: [203.0.113.0/25, &quot;2001:db8:bad:1::/64&quot;, &quot;2001:db8:7::/48&quot;]",
      "from 203.0.113.9 to pop3: allow",
    ] { #expect(page.contains(text), "\(text)") }
    #expect(!page.contains("&lt;") && !page.contains("HTML("), "markup is not shown as text")
  }

  @Test func `the same diff gives the same page`() throws {
    let report = try Example.usual().report
    #expect(report.html == report.html)
  }

  /// The page has three elements with text that is not HTML: a style, its data and its script.
  @Test func `nothing from outside is markup`() throws {
    let hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'"
    let quoted = hostile.replacing("'", with: "''")
    let list = "203.0.113.64/26 # \(hostile)\n"
    let example = try Example(lists: ["drop.netset": list], folders: ["<", "</script><script>alert(1)<"]) {
      config in
      config.replacing("black_list: [203", with: "black_list: [{ file: drop.netset }, 203")
        + "log: { access: '\(quoted).jsonl' }   # \(hostile)\n"
    }
    let page = example.report.html
    func count(_ text: String) -> Int { page.components(separatedBy: text).count - 1 }
    #expect(count("<script") == 2 && count("</script>") == 2 && count("<style>") == 1)
    #expect(count("<img") == 0 && count("alert(1)") >= 1)
    #expect(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)"))
    #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("url("))
  }

  @Test func `the sessions are told`() throws {
    let example = try Example.usual()
    var diff = example.diff
    var effects = ServerEffects(
      confirmed: nil, unconfirmed: nil, changedInputs: [], openSessions: 3, listeners: .init(diff))
    let info = SessionInfo(
      id: 1, service: "pop3", peer: "203.0.113.77", local: "192.0.2.10:1110", tls: nil,
      user: "<anna>@example.org", state: .transaction, since: "2026-11-29T10:00:00Z", seconds: 9,
      idleSeconds: 1,
      retrieved: 0, bytes: 0)
    effects.sessions = [
      .init(info: info, couldNotComeBack: true, ends: false, isOnClosingPort: false, reason: "203.0.113.0/25")
    ]
    diff.supplement.server = effects
    let report = ChangeReport(diff, example.context)
    for text in [report.html, report.markdown] {
      #expect(text.contains("1 of 3 connected clients could not come back"))
      #expect(text.contains("3 open: 3 kept, 0 ended") && text.contains("203.0.113.77"))
    }
    #expect(
      report.html.contains("&lt;anna&gt;@example.org") && report.markdown.contains("`<anna>@example.org`"))
  }
}
