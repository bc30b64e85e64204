import Foundation
import Testing

/// Tests `--format html` and `markdown`, and opens the pages in a browser.
@Suite struct ReportTests {
  private let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeConfig(service: [
      "plaintext_login: always", "ip_control: { black_list: [127.51.100.0/24] }",
    ])
    try workspace.write(workspace.read("ocean.yaml"), to: "old.yaml")
  }

  private func edit(_ text: String, _ other: String) throws {
    let old = workspace.read("old.yaml")
    let new = old.replacingOccurrences(of: text, with: other)
    #expect(new != old)
    try workspace.write(new, to: "ocean.yaml")
  }

  private func diff(_ arguments: String...) throws -> Command {
    try workspace.run(
      oceanBinary(), ["diff", workspace.path("old.yaml"), workspace.path("ocean.yaml")] + arguments)
  }

  private func opened(_ page: String) throws -> Browser {
    try workspace.write(page, to: "report.html")
    return try Browser("file://\(workspace.path("report.html"))", in: workspace)
  }

  /// A value that the script has left behind, on the first element of the page.
  private func value(_ name: String, in page: String) -> String? {
    guard let start = page.range(of: "<html"), let end = page[start.upperBound...].firstIndex(of: ">") else {
      return nil
    }
    let parts = page[start.upperBound..<end].components(separatedBy: " data-\(name)=\"")
    return parts.count == 2 ? parts[1].split(separator: "\"").first.map(String.init) : nil
  }

  private struct Diff: Decodable {
    struct Access: Decodable {
      let newly_refused: [String]
      let newly_allowed: [String]
    }
    let access: [Access]
  }

  /// How many IPv4 addresses blocks have, and in how many squares of so many bits they are.
  private func counts(_ blocks: [String], _ bits: Int) -> (addresses: Int, squares: Set<Int>) {
    var (addresses, squares) = (0, Set<Int>())
    for block in blocks where !block.contains(":") {
      let parts = block.split(separator: "/")
      let length = Int(parts[1]) ?? 32
      let start = parts[0].split(separator: ".").reduce(0) { $0 << 8 | (Int($1) ?? 0) }
      addresses += 1 << (32 - length)
      squares.formUnion(start >> (32 - bits)...(start + 1 << (32 - length) - 1) >> (32 - bits))
    }
    return (addresses, squares)
  }

  @Test func `the formats have the exit codes of the others`() throws {
    for format in ["html", "markdown"] {
      try edit("[127.51.100.0/24]", "[127.51.100.0/25]")
      let changed = try diff("--format", format)
      #expect(changed.status == .exited(2) && changed.errorOutput.isEmpty, "\(changed.errorOutput)")
      #expect(try diff("--format", format, "--fail-on", "weakened").status == .exited(3))
      try workspace.write(workspace.read("old.yaml"), to: "ocean.yaml")
      #expect(try diff("--format", format).status == .exited(0))
      // Nothing runs: all of the plan is new, and that is no change.
      let plan = try workspace.ocean("plan", workspace.config, "--format", format)
      #expect(plan.status == .exited(0) && plan.output.contains("nothing: no server runs on"))
      let against = try workspace.ocean(
        "plan", workspace.config, "--against", workspace.path("old.yaml"), "--format", format)
      #expect(against.status == .exited(0), "\(against.errorOutput)")
    }
  }

  @Test(.enabled(if: Browser.isThere, Browser.missing)) func `a browser draws what the sets say`() throws {
    try edit(
      "[127.51.100.0/24]", "[127.51.100.0/25, 127.113.0.0-127.114.0.9], white_list: [127.113.0.9]")
    let page = try opened(diff("--format", "html").output).html
    #expect(value("script", in: page) == "ok")
    let json = try JSONDecoder().decode(Diff.self, from: Data(diff("--format", "json").output.utf8))
    let lost = counts(json.access[0].newly_refused, 18), gained = counts(json.access[0].newly_allowed, 18)
    #expect(value("lost", in: page) == "\(lost.addresses)" && lost.addresses == 65_545)
    #expect(value("gained", in: page) == "\(gained.addresses)")
    let pixels = value("pixels", in: page)?.split(separator: " ").compactMap { Int($0) } ?? []
    #expect(
      pixels.count == 4 && pixels[1] == gained.squares.count && pixels[2] == lost.squares.count, "\(pixels)")
  }

  /// More ranges than a page can hold are summed up in blocks, and no block has the colour of another.
  @Test(.enabled(if: Browser.isThere, Browser.missing)) func `a browser draws what is summed up`() throws {
    var chosen = SystemRandomNumberGenerator()
    func list() -> String {
      (0..<6000).map { _ in
        "127.\(UInt8.random(in: 0...255, using: &chosen)).\(UInt8.random(in: 0...255, using: &chosen)).\(UInt8.random(in: 0...63, using: &chosen) * 4)/30\n"
      }
      .joined()
    }
    try workspace.write(list(), to: "old.netset")
    try workspace.write(list(), to: "new.netset")
    try workspace.write(
      workspace.read("old.yaml").replacing("[127.51.100.0/24]", with: "[{ file: old.netset }]"),
      to: "old.yaml")
    try edit("old.netset", "new.netset")
    let report = try diff("--format", "html").output
    #expect(report.utf8.count < 2_000_000, "\(report.utf8.count)")
    let page = try opened(report).html
    #expect(value("script", in: page) == "ok")
    let json = try JSONDecoder().decode(Diff.self, from: Data(diff("--format", "json").output.utf8))
    let lost = counts(json.access[0].newly_refused, 18), gained = counts(json.access[0].newly_allowed, 18)
    #expect(
      value("lost", in: page) == "\(lost.addresses)" && value("gained", in: page) == "\(gained.addresses)")
    let pixels = value("pixels", in: page)?.split(separator: " ").compactMap { Int($0) } ?? []
    #expect(
      pixels.count == 4 && pixels[1] == gained.squares.count && pixels[2] == lost.squares.count, "\(pixels)")
  }

  @Test(.enabled(if: Browser.isThere, Browser.missing))
  func `a screen reader is told what the report shows`() throws {
    try edit(
      "[127.51.100.0/24]",
      "[127.51.100.0/25, 127.113.0.0-127.114.0.9, \"2001:db8::/32\"], white_list: [127.113.0.9]")
    let browser = try opened(diff("--format", "html").output)
    #expect(browser.faults == [])
    #expect(browser.names("image") == ["Before: 0.0.0.0/0", "After: 0.0.0.0/0"])
    #expect(browser.names("table") == ["pop3: who loses, who gains", "pop3 in numbers"])
    #expect(browser.names("application").count == 1 && browser.names("status").count == 1)
    #expect(browser.names("textbox") == ["Address"])
  }

  /// The browser's policy refuses everything that the page does not say itself.
  @Test(.enabled(if: Browser.isThere, Browser.missing)) func `what is written into a page does not run`()
    throws
  {
    let hostile = "x</script><script>document.documentElement.dataset.script=1</script>.jsonl"
    try FileManager.default.createDirectory(
      atPath: (workspace.path(hostile) as NSString).deletingLastPathComponent,
      withIntermediateDirectories: true)
    try edit("access.jsonl", "'\(hostile)' #<img src=x onerror=alert(1)>\n ")
    let page = try opened(diff("--format", "html").output).html
    #expect(value("script", in: page) == "ok" && !page.contains("<img"))
  }
}
