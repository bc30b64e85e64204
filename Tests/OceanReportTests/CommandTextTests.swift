import Glibc
import OceanAddresses
import OceanCompiler
import OceanControlAPI
import OceanHost
import OceanPlan
import OceanSyntax
import TestPlans
import TestSupport
import Testing
@testable import OceanReport
@testable import OceanStore

/// Tests short answers of commands, which have no golden texts.
@Suite struct CommandTextTests {
  // MARK: - Codes

  @Test func `a code is explained in any case of its letters`() throws {
    let code = try #require(DiagnosticCode.all.first)
    let text = try CodeText.text(of: code.id.lowercased())
    #expect(text.hasPrefix("\(code.id), \(code.severity.rawValue): \(code.title)\n\n"))
    #expect(text.hasSuffix("\(code.explanation)\n"))
    let all = try CodeText.text(of: "all")
    #expect(DiagnosticCode.all.allSatisfy { all.contains($0.id) })
  }

  @Test func `a code that is not there is answered with one that is`() throws {
    let code = try #require(DiagnosticCode.all.first).id
    #expect(
      Failure.message { () throws(Failure) in _ = try CodeText.text(of: "\(code)0") }
        == "there is no code '\(code)0'; did you mean \(code)?")
    #expect(
      Failure.message { () throws(Failure) in _ = try CodeText.text(of: "\u{1b}") }
        == "there is no code '\\u{1b}'")
  }

  // MARK: - A running server

  @Test func `sessions that were ended are told apart from those that were not there`() {
    #expect(SessionsText.text(of: KickResult(ended: [3, 5]), asked: []) == "ended 2 sessions: 3, 5")
    #expect(SessionsText.text(of: KickResult(ended: []), asked: []) == "no such session")
    #expect(SessionsText.text(of: KickResult(ended: []), asked: [9, 7]) == "no such session: 7, 9")
    #expect(
      SessionsText.text(of: KickResult(ended: [7]), asked: [9, 7, 8])
        == "ended 1 session: 7\nno such session: 8, 9")
  }

  @Test func `lifted blocks are listed`() throws {
    func block(_ address: String) throws -> ActiveBlocks.Block {
      ActiveBlocks.Block(
        address: try #require(try? IPPrefix(parsing: address)), since: "", until: "", secondsLeft: 1,
        failures: 6)
    }
    #expect(BlocksText.text(ofLifted: ActiveBlocks(blocks: [])) == "nothing was blocked there")
    #expect(
      BlocksText.text(
        ofLifted: ActiveBlocks(blocks: [try block("192.0.2.1"), try block("2001:db8:1::/64")]))
        == "lifted: 192.0.2.1\nlifted: 2001:db8:1::/64")
  }

  // MARK: - Mailboxes

  @Test func `an index is sound, or made again by a command, or wrong in a way that a new one does not mend`()
  {
    func text(_ findings: [IndexReport.Finding], _ messages: Int?) -> String {
      MailboxText.text(
        of: IndexReport(findings: findings, messages: messages), rebuilding: "ocean mailbox rebuild")
    }
    let (damaged, missing) = (IndexReport.Finding.damaged, IndexReport.Finding.missing)
    let fixed = IndexReport.Finding.fixedFolder(.badPath("a\u{7}"))
    #expect(text([], 3) == "3 messages in the index: sound")
    #expect(
      text([damaged], 1)
        == "1 message in the index: not sound; 'ocean mailbox rebuild' makes it again\n  \(damaged)")
    #expect(text([fixed], 0) == "0 messages in the index: not sound\n  \("\(fixed)".escapedForDisplay)")
    #expect(text([missing, fixed], nil) == "\(missing)\n  \("\(fixed)".escapedForDisplay)")
  }

  @Test func `an index that was made again, or not`() {
    #expect(
      MailboxText.text(ofRebuilt: 1, isSaved: true, notes: []) == "1 message, index written")
    #expect(
      MailboxText.text(ofRebuilt: 0, isSaved: false, notes: ["a\u{7}", "b"])
        == "0 messages, the index is not written\n  a\\u{07}\n  b")
  }

  @Test func `a Maildir in use comes with the commands that show and end the session`() {
    let server = ServerName(socket: nil, config: "/srv/ocean.yaml")
    #expect(
      MailboxText.sentence(.inUse, "/mail/anna", of: "anna@a b", on: server)
        == "/mail/anna is in use: wait until the session ends ('ocean sessions --user 'anna@a b' -c /srv/ocean.yaml' shows it) "
        + "or end it ('ocean kick --user 'anna@a b' -c /srv/ocean.yaml')")
    let other = MailboxText.sentence(.badPath("a\u{7}"), "/mail/anna", of: "anna", on: server)
    #expect(other.contains("a\\u{07}") && !other.contains("in use"))
  }

  // MARK: - Terminals

  @Test(
    arguments: [
      ([], .auto), (["check", "--color", "never"], .never), (["--color=always", "plan"], .always),
      (["--color", "always", "--color=never"], .never), (["--color", "loud"], .auto), (["--color"], .auto),
      (["--", "--color=always"], .auto), (["check", "--colors=always"], .auto),
    ] as [([String], Terminal.Color)])
  func `colours are known before the command line is read`(_ words: [String], _ color: Terminal.Color) {
    #expect(Terminal.Color(in: words) == color)
  }

  // MARK: - Plans that are loaded

  @Test func `a name that looks like a digest is that of a kept plan, and a file has another`() throws {
    let folder = try ConfigFolder()
    let nothing = "there is no plan abcdef: no plan is kept in \(folder.path("state"))/plans"
    func message(_ name: String) -> String? {
      Failure.message { () throws(Failure) in
        _ = try LoadedPlan(asking: name, on: Screen()) { () throws(Failure) in folder.path("state") }
      }
    }
    #expect(message("abcdef") == nothing)
    // A file of that name, in the directory that the tests run in.
    let name = "abcdef\(getpid())00"
    try Files.writePrivately([], to: name)
    defer { unlink(name) }
    #expect(message(name)?.hasSuffix("; for the file, write ./\(name)") == true)
  }

  @Test func `an answer about a config with a broken expectation says so`() throws {
    let folder = try ConfigFolder()
    try folder.configure(
      "ip_control: { black_list: [192.0.2.0/24] }",
      rest: "expect: [{ from: 192.0.2.7, verdict: allow }]")
    let path = folder.path("ocean.yaml")
    #expect(
      try LoadedPlan(asking: path) { _ in }.flaw
        == "\(path): not valid, because an expectation is broken; this answer is for the config without it")
    try folder.configure()
    #expect(try LoadedPlan(asking: path) { _ in }.flaw == nil)
  }

  @Test func `mistakes of test files are counted, and those of the config are shown with them`() throws {
    let folder = try ConfigFolder()
    func mistakes() throws -> String {
      let run = try TestRun([folder.path("tests.yaml")], config: folder.path("ocean.yaml"))
      return TestText.mistakes(run, on: Screen())
    }
    try folder.write("nonsense: 1\ntests: []\n", to: "tests.yaml")
    try folder.configure()
    let inTests = try mistakes()
    #expect(inTests.contains("nonsense"))
    #expect(inTests.hasSuffix(" in the test files: no case was judged\n"))
    #expect(!inTests.contains("invalid"))
    try folder.configure("max_connections: none")
    let inBoth = try mistakes()
    #expect(inBoth.contains("max_connections") && inBoth.contains("1 error"))
    #expect(inBoth.contains("in the test files: no case was judged\n"))
  }

  // MARK: - The manual

  @Test func `pages of a manual are written by their sections, and over older ones`() throws {
    let directory = try TemporaryDirectory()
    let below = "\(directory.path)/man"
    func publish(_ version: String) throws(Failure) {
      let edition = ManualPage.Edition(date: "2026-12-01", version: version)
      try ManualPage.publish(
        [ManualPage("a", 1, edition, summary: "a"), ManualPage("b", 5, edition, summary: "b")], below: below)
    }
    try publish("1")
    try publish("2")
    for name in ["man1/a.1", "man5/b.5"] {
      let text = String(decoding: try Files.read("\(below)/\(name)", limit: 1000), as: UTF8.self)
      #expect(text.contains("ocean 2"))
    }
    let file = "\(below)/man1/a.1/man"
    #expect(
      Failure.message { () throws(Failure) in
        try ManualPage.publish([], below: file)
      } == "cannot make the directory \(file): Not a directory")
  }
}
